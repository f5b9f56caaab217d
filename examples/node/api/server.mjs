// The fares, as JSON.
import { createServer } from "node:http";

const FARES = [
  { to: "Lisbon", euros: 119 },
  { to: "Oslo", euros: 89 },
];

const server = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/fares" ? FARES : { status: "up" }));
});

server.listen(Number(process.env.PORT), () => console.log(`api on ${process.env.PORT}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
