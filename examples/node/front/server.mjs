// Renders the page on the server from what the API says.
import { createServer } from "node:http";

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (fares) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Fares</title>
<h1>Fares</h1>
<ul>${fares.map(({ to, euros }) => `<li>${escaped(to)}: ${Number(euros)} €</li>`).join("")}</ul>
</html>
`;

const server = createServer(async (request, response) => {
  if (request.url === "/up") {
    response.end("up\n");
    return;
  }
  try {
    const answer = await fetch(`${process.env.API_URL}/fares`, { signal: AbortSignal.timeout(3000) });
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page(await answer.json()));
  } catch (error) {
    console.error(`the API does not answer: ${error.message}`);
    response.statusCode = 503;
    response.end("try again in a moment\n");
  }
});

server.listen(Number(process.env.PORT), () => console.log(`front on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
