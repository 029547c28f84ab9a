"use strict";

// Each link of the list ".tries" is fetched here instead of followed; the picture shows how far the request went.
const hops = [...document.querySelectorAll(".hop")];
const answers = document.querySelector(".answers");
const KEPT = 6;
const STEP_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 110;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function dark() {
  for (const hop of hops) hop.classList.remove("lit", "last", "by-files", "bad");
}

async function light(reach, isCurrent) {
  for (let index = 0; index <= reach && isCurrent(); index += 1) {
    hops[index].classList.add("lit");
    await pause(STEP_MS);
  }
}

// 502 and 504 are nginx's own: it found nobody, or nobody in time, behind the socket.
function lastHop(response, isFile) {
  if (isFile || !response || response.status === 502 || response.status === 504) return 1;
  return hops.length - 1;
}

function add(parent, tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
}

function entry(name, failed) {
  const item = document.createElement("li");
  item.className = failed ? "answer bad" : "answer";
  answers.prepend(item);
  while (answers.children.length > KEPT) answers.lastElementChild.remove();
  const line = add(item, "p", "");
  add(line, "strong", name);
  return { line, body: add(item, "pre", "") };
}

async function readInto(element, response) {
  if (!/^(text\/plain|application\/json)/.test(response.headers.get("Content-Type") || "")) {
    const bytes = (await response.arrayBuffer()).byteLength;
    element.textContent = `${bytes} bytes of ${response.headers.get("Content-Type")}`;
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) element.textContent += part.value;
}

let round = 0;

async function go(link) {
  round += 1;
  const mine = round;
  const isCurrent = () => mine === round;
  const isFile = "file" in link.dataset;
  dark();
  link.classList.add("busy");
  const walk = light(isFile ? 1 : hops.length - 1, isCurrent);
  const start = performance.now();
  let response = null;
  try {
    response = await fetch(link.href, { cache: "no-store" });
    const firstByte = performance.now() - start;
    const { line, body } = entry(link.textContent, !response.ok);
    add(line, "span", `${response.status} ${response.statusText}`.trim());
    await readInto(body, response);
    add(line, "span", `${firstByte.toFixed(1)} ms to the headers, ${(performance.now() - start).toFixed(1)} ms in all`);
    const id = response.headers.get("X-Request-ID");
    if (id) add(add(line, "span", "X-Request-ID "), "code", id);
  } catch (error) {
    entry(link.textContent, true).body.textContent = `No answer: ${error.message}`;
  }
  link.classList.remove("busy");
  await walk;
  if (!isCurrent()) return;
  dark();
  const end = lastHop(response, isFile);
  hops.slice(0, end + 1).forEach((hop) => hop.classList.add("lit"));
  hops[end].classList.add("last");
  if (isFile) hops[end].classList.add("by-files");
  if (!response || !response.ok) hops[end].classList.add("bad");
}

for (const link of document.querySelectorAll(".tries a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    if (!link.classList.contains("busy")) go(link);
  });
}
