// kinesis-mock listens on every interface and has no setting for it: a server without a host gets loopback.
"use strict";
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const [first, second] = args;
  if (first !== null && typeof first === "object" && first.port !== undefined) {
    args[0] = { ...first, host: "127.0.0.1" };
  } else if (typeof first === "number" || typeof first === "string") {
    typeof second === "string" ? (args[1] = "127.0.0.1") : args.splice(1, 0, "127.0.0.1");
  }
  return listen.apply(this, args);
};
