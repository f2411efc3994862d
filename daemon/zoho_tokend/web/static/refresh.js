// Keeps the status page fresh, and never takes the reader's place: what has not changed is not touched, so scroll,
// focus and what was typed stay where they are. Without it the page is reloaded as a whole, and all else works as well.
"use strict";
(() => {
  const SECONDS = Number(document.body.dataset.refresh);
  const PATIENCE = 10_000;
  const TYPING = 250;
  let timer = 0;
  let underWay = null;

  document.documentElement.classList.add("live");

  // --- asking -----------------------------------------------------------------------------------------------------

  // XMLHttpRequest, for it alone reads HTML into a document without a sink that trusted types forbid.
  function ask(url) {
    return new Promise((resolve, reject) => {
      underWay?.abort();
      const request = (underWay = new XMLHttpRequest());
      request.open("GET", url);
      request.responseType = "document";
      request.timeout = PATIENCE;
      request.onload = () =>
        request.status === 200 && request.responseXML
          ? resolve(request.responseXML)
          : reject(`The daemon answers with status ${request.status}`);
      request.onerror = request.ontimeout = () => reject("The daemon cannot be reached");
      request.onabort = () => reject(null);
      request.send();
    });
  }

  async function refresh() {
    try {
      show(await ask(location.href));
      document.documentElement.classList.remove("lost");
    } catch (trouble) {
      if (trouble === null) return; // another one took its place
      document.documentElement.classList.add("lost");
      say(`${trouble}: this is how it was at ${document.getElementById("now").textContent}. Asked again every ${SECONDS} s.`);
    }
    later();
  }

  function later() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(unlessSelecting, SECONDS * 1000);
  }

  function unlessSelecting() {
    if (!selecting()) return refresh();
    say("Not refreshed while text is selected.");
    later();
  }

  function selecting() {
    const selection = getSelection();
    return selection !== null && !selection.isCollapsed && selection.toString().trim() !== "";
  }

  function say(sentence) {
    const notice = document.getElementById("notice");
    if (notice.textContent !== sentence) notice.textContent = sentence;
  }

  // --- showing ----------------------------------------------------------------------------------------------------

  function show(fresh) {
    const held = document.activeElement;
    document.title = fresh.title;
    become(document.body, fresh.body);
    if (held !== document.activeElement && held.isConnected) held.focus({ preventScroll: true });
  }

  function become(node, wanted) {
    if (node.isEqualNode(wanted)) return;
    if (node.nodeName !== wanted.nodeName) {
      node.replaceWith(document.importNode(wanted, true));
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      becomeAttributes(node, wanted);
      becomeChildren(node, wanted);
    } else {
      node.nodeValue = wanted.nodeValue;
    }
  }

  function becomeAttributes(node, wanted) {
    const stays = ({ name }) => wanted.hasAttribute(name) || (name === "open" && node.nodeName === "DETAILS"); // it is the reader's
    for (const attribute of [...node.attributes]) if (!stays(attribute)) node.removeAttribute(attribute.name);
    for (const { name, value } of wanted.attributes) if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }

  // Children with a key, the rows, are the same ones wherever they stand; others are matched by their place.
  function becomeChildren(node, wanted) {
    const there = new Map([...node.children].filter(key).map((child) => [key(child), child]));
    const staying = new Set([...wanted.children].map(key));
    for (const [name, child] of there) if (!staying.has(name)) child.remove();
    let place = node.firstChild;
    for (const child of [...wanted.childNodes]) {
      const match = key(child) ? there.get(key(child)) : place;
      if (!match) {
        node.insertBefore(document.importNode(child, true), place);
        continue;
      }
      if (match !== place) node.insertBefore(match, place);
      place = match.nextSibling;
      become(match, child);
    }
    while (place) {
      const rest = place.nextSibling;
      place.remove();
      place = rest;
    }
  }

  function key(node) {
    return node.dataset?.key;
  }

  // --- the reader -------------------------------------------------------------------------------------------------

  function find(text) {
    const url = new URL(location.href);
    url.searchParams.delete("after");
    if (text) url.searchParams.set("search", text);
    else url.searchParams.delete("search");
    if (url.href === location.href) return;
    history.replaceState(null, "", url);
    refresh();
  }

  async function copy(code) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      sayBriefly("Copied.");
    } catch {
      // A page that came by plain HTTP from another machine may not write to the clipboard: the reader's keys may.
      getSelection()?.selectAllChildren(code);
      sayBriefly("Selected, ready to be copied.");
    }
  }

  function sayBriefly(sentence) {
    say(sentence);
    setTimeout(() => {
      if (document.getElementById("notice").textContent === sentence) say("");
    }, 2500);
  }

  let typing = 0;
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "search") return;
    clearTimeout(typing);
    typing = setTimeout(() => find(target.value.trim()), TYPING);
  });
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    find(event.target.elements.search.value.trim());
  });
  document.addEventListener("click", ({ target }) => {
    if (target.matches(".copy")) copy(target.parentElement.querySelector("code"));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else unlessSelecting();
  });
  later();
})();
