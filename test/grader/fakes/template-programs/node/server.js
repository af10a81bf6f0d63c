const [port, reply] = process.argv.slice(2);
const server = require("node:net").createServer((socket) => {
  socket.once("data", (data) => {
    console.log(String(data));
    socket.end(reply);
    server.close();
  });
});
server.listen(Number(port), "127.0.0.1");
