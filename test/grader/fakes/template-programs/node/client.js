const [host, port, message] = process.argv.slice(2);
const socket = require("node:net").connect(Number(port), host, () => socket.write(message));
socket.once("data", (data) => console.log(String(data)));
