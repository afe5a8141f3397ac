"use strict";
// The filter works on the page alone: no network, nothing kept. Without JavaScript the page is whole, and has no filter.
(() => {
  const bar = document.querySelector(".filter");
  const [words, who] = bar.querySelectorAll("input");
  const told = bar.querySelector("p");
  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "");
  let rows = null;

  const read = () => {
    const people = new Set();
    rows = [...document.querySelectorAll("article")].map((article) => {
      const name = article.querySelector("b")?.textContent ?? "";
      if (name) people.add(name);
      return { article, name: fold(name), text: fold(article.textContent) };
    });
    const list = document.getElementById("people");
    for (const name of [...people].sort((a, b) => a.localeCompare(b))) {
      list.append(new Option(name, name));
    }
  };

  const filter = () => {
    if (!rows) read();
    const wanted = fold(words.value).split(/\s+/).filter(Boolean);
    const person = fold(who.value.trim());
    let count = 0;
    for (const row of rows) {
      const shown = row.name.includes(person) && wanted.every((word) => row.text.includes(word));
      row.article.hidden = !shown;
      count += shown;
    }
    const all = !wanted.length && !person;
    for (const section of document.querySelectorAll("main > section")) {
      section.hidden = !all && !section.querySelector("article:not([hidden])");
    }
    told.textContent = all ? "" : told.dataset[count === 1 ? "one" : "many"].replace("{count}", count);
  };

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  };
  const reveal = () => {
    // A link to one message shows it, whatever the filter says.
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target?.closest("[hidden]")) {
      words.value = who.value = "";
      filter();
      target.scrollIntoView();
    }
  };
  words.addEventListener("input", soon);
  who.addEventListener("input", soon);
  who.addEventListener("focus", () => rows ?? read());
  addEventListener("hashchange", reveal);
  bar.hidden = false;
})();
