"use strict";
const show = (id, text) => { document.getElementById(id).textContent = text; };
const add = (id, line) => {
  const log = document.getElementById(id);
  log.textContent = (line + "\n" + log.textContent).split("\n").slice(0, 10).join("\n");
};

const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/api/ws");
socket.onopen = () => show("ws-state", "open");
socket.onclose = (e) => show("ws-state", "closed (" + e.code + ")");
socket.onmessage = (e) => add("ws-log", e.data);
document.getElementById("say").onsubmit = (e) => {
  e.preventDefault();
  if (socket.readyState === WebSocket.OPEN) socket.send(document.getElementById("text").value);
};

const events = new EventSource("/api/events");
events.onopen = () => show("sse-state", "open");
events.onerror = () => show("sse-state", events.readyState === EventSource.CLOSED ? "closed" : "reconnecting");
events.addEventListener("tick", (e) => add("sse-log", e.data));
