// What ECS runs in the container to see whether it is well.
const answer = await fetch(`http://127.0.0.1:${process.env.PORT}/`).catch(() => ({ ok: false }));
process.exit(answer.ok ? 0 : 1);
