// Makes one unary call, and prints the code of its status, and the message or what came back.
const { Client, credentials, status } = require("@grpc/grpc-js");

const client = new Client(process.argv[2], credentials.createInsecure());
const same = (bytes) => bytes;
client.makeUnaryRequest("/shop.Orders/Create", same, same, Buffer.from("order"), (error, value) => {
  console.log(error ? `${status[error.code]}: ${error.details}` : `OK: ${value}`);
  client.close();
});
