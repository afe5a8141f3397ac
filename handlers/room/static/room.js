// The room with a script: clocks that tick, what is said as it is said, answers without leaving the page.
// Without it everything still works: forms post, pages show the whole debate.
"use strict";

(() => {
  const room = document.getElementById("room");
  const byId = (id) => document.getElementById(id);
  const pressed = new Set(room ? room.dataset.pressed.split(" ").filter(Boolean) : []);
  let skew = 0; // how far this browser's clock is behind ours, in milliseconds

  // --- clocks ---

  const measure = () => {
    const now = byId("now");
    if (now) skew = Date.parse(now.dataset.now) - Date.now();
  };

  const tick = () => {
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = Math.max(0, Math.round((Date.parse(time.dataset.until) - Date.now() - skew) / 1000));
      if ("far" in time.dataset && left > 3600) continue;
      const hours = Math.floor(left / 3600);
      const minutes = Math.floor((left % 3600) / 60);
      const seconds = String(left % 60).padStart(2, "0");
      time.textContent = hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
      time.parentElement.classList.toggle("soon", left < 60);
    }
  };

  measure();
  tick();
  setInterval(tick, 1000);

  // --- the reader's own hour, beside the debate's ---

  const parts = (instant, zone) => {
    const shown = { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const format = new Intl.DateTimeFormat(document.documentElement.lang, { ...shown, timeZone: zone });
    const found = Object.fromEntries(format.formatToParts(instant).map((part) => [part.type, part.value]));
    return { clock: `${found.hour}:${found.minute}`, day: `${found.day} ${found.month}`, whole: format.format(instant) };
  };

  for (const time of document.querySelectorAll("time[data-zone]")) {
    const mine = time.parentElement.querySelector("[data-mine]");
    const instant = new Date(time.dateTime);
    try {
      const here = parts(instant);
      const there = parts(instant, time.dataset.zone);
      if (!mine || (here.clock === there.clock && here.day === there.day)) continue;
      mine.textContent = ` · ${mine.dataset.mine.replace("{time}", here.day === there.day ? here.clock : here.whole)}`;
      mine.hidden = false;
    } catch {
      continue; // a zone that this browser does not know
    }
  }

  // --- pressed buttons: which of the shared page's buttons this person has pressed ---

  const mark = (root) => {
    for (const button of root.querySelectorAll("button[data-key][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(pressed.has(button.dataset.key)));
    }
  };

  const keyOf = (form, button) => {
    const [, kind, id] = (form.getAttribute("action") || "").match(/\/(m|q)\/(\d+)\/(?:react|vote)$/) || [];
    if (!kind) return "";
    return kind === "q" ? `v${id}` : `r${id}:${button ? button.value : ""}`;
  };

  const toggle = (key) => {
    if (pressed.has(key)) pressed.delete(key);
    else pressed.add(key);
    mark(document);
  };

  mark(document);

  // --- forms that htmx sends ---

  const submitters = new WeakMap();
  document.addEventListener("submit", (event) => submitters.set(event.target, event.submitter), true);

  // A form that the stream has drawn anew meanwhile is on the page no more: htmx tells the document in its place.
  const formOf = (event) => (event.target.closest ? event.target : event.detail?.ctx?.sourceElement)?.closest("form");

  // A box that its person has pulled larger has a style of its own: htmx would write it into the fresh one, which no
  // page of ours allows.
  document.addEventListener("htmx:before:swap", () => {
    for (const pulled of document.querySelectorAll("#composer [style]")) pulled.removeAttribute("style");
  });

  document.addEventListener("htmx:after:request", (event) => {
    const form = formOf(event);
    const status = event.detail?.ctx?.response?.status ?? event.detail?.ctx?.response?.raw?.status;
    const answer = byId("answer");
    if (!form || status !== 204) return;
    if (answer) answer.replaceChildren();
    const key = keyOf(form, submitters.get(form));
    if (key) toggle(key);
    if ("clear" in form.dataset) form.reset();
    for (const palette of document.querySelectorAll(".palette[open]")) palette.open = false;
    if (!room) location.reload();
  });

  // Nobody has answered: what was to be sent stays in its form, and its person is told.
  document.addEventListener("htmx:error", (event) => {
    const form = formOf(event);
    if (!room || !form || event.detail?.ctx?.response) return;
    const told = document.createElement("p");
    Object.assign(told, { className: "problem", textContent: room.dataset.unsent });
    told.setAttribute("role", "alert");
    if (form.matches(".say")) {
      for (const old of byId("composer").querySelectorAll(".problem")) old.remove();
      byId("composer").prepend(told);
    } else byId("answer").replaceChildren(told);
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a, button");
    for (const open of document.querySelectorAll("details.palette[open], details.me[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
    if (!link) return;
    if ("dismiss" in link.dataset && byId("answer")) {
      event.preventDefault();
      byId("answer").replaceChildren();
    } else if (link.dataset.reply && byId("text")) {
      event.preventDefault();
      replyTo(link.dataset.reply, link.closest("article"));
    } else if ("unreply" in link.dataset) {
      event.preventDefault();
      replyTo("", null);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details.palette[open], details.me[open]")) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
  });

  const replyTo = (id, article) => {
    const form = document.querySelector("#composer form.say");
    for (const old of form.querySelectorAll("input[name=reply], .replying:not([data-replying])")) old.remove();
    const line = form.querySelector("[data-replying]");
    line.hidden = !id;
    if (id) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: "reply", value: id });
      form.prepend(input);
      line.querySelector("span").textContent = room.dataset.replyto.replace("{name}", article.querySelector(".who").textContent);
    }
    byId("text").focus();
  };

  // --- a guest's answers: what was typed and not saved outlives the page ---

  const shelf = (work) => {
    try {
      return work(localStorage);
    } catch {
      return null; // a browser that keeps nothing
    }
  };

  for (const field of document.querySelectorAll("textarea[data-keep]:not([readonly])")) {
    const key = `${location.pathname}#${field.name}`;
    const was = field.form.elements[`was${field.name.slice(1)}`];
    const kept = shelf((store) => JSON.parse(store.getItem(key)));
    if (kept && kept.text === field.value) shelf((store) => store.removeItem(key));
    else if (kept) {
      // Saved elsewhere since? The mark of what it was tells the server.
      field.value = kept.text;
      was.value = kept.was;
      field.closest("section").querySelector(".unsaved").hidden = false;
    }
    const keep = () => shelf((store) => store.setItem(key, JSON.stringify({ text: field.value, was: was.value })));
    field.addEventListener("input", keep);
  }

  if (!room) return;

  // --- the stream ---

  const stream = byId("stream");
  const newer = byId("newer");
  let rev = room.dataset.rev;
  let unseen = 0;
  let oldest = null; // the first of the new messages that have not been looked at

  const atEnd = () => stream.getBoundingClientRect().bottom - window.innerHeight < 240;
  const show = (article) => article.scrollIntoView({ block: "center" });
  const order = (article) => [Number(article.dataset.at), Number(article.dataset.n)];
  const after = (one, other) => {
    const [a, b] = [order(one), order(other)];
    return a[0] === b[0] ? a[1] > b[1] : a[0] > b[0];
  };

  const place = (article) => {
    const old = byId(article.id);
    const section = byId(article.dataset.section) || byId("end");
    const lines = section.querySelector(".lines");
    const { thread, answers, pid } = article.dataset;
    const found = (wanted) => wanted && wanted !== pid
      ? [...lines.children].find((one) => one.dataset.pid === wanted && one !== old) : null;
    let root = found(thread) || found(answers);
    while (root?.classList.contains("reply")) root = root.previousElementSibling;
    if (root === old) root = null;
    article.classList.toggle("reply", Boolean(root));
    mark(article);
    if (old && old.parentElement === lines && old.classList.contains("reply") === Boolean(root)) {
      const focused = old.contains(document.activeElement) ? document.activeElement.dataset?.key : "";
      old.replaceWith(article);
      if (focused) article.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
      return false;
    }
    old?.remove();
    let before;
    if (root) {
      before = root.nextElementSibling;
      while (before && before.classList.contains("reply") && !after(before, article)) before = before.nextElementSibling;
    } else {
      before = [...lines.children].find((one) => !one.classList.contains("reply") && after(one, article));
    }
    lines.insertBefore(article, before || null);
    return !old;
  };

  const swap = (fresh) => {
    const old = byId(fresh.id);
    if (!old || old.dataset.drawn === fresh.outerHTML) return;
    const drawn = fresh.outerHTML;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    const chosen = old.querySelector("select")?.value;
    mark(fresh);
    old.replaceWith(fresh);
    fresh.dataset.drawn = drawn;
    const select = fresh.querySelector("select");
    if (select && chosen) select.value = chosen;
    if (focused) fresh.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    window.htmx?.process(fresh);
  };

  // Only what differs is put anew: the rest keeps the focus, and is not read aloud a second time.
  const refreshHead = (head, fresh) => {
    const parts = [...fresh.children];
    parts.forEach((part, at) => {
      const old = head.children[at];
      if (!old) head.append(part);
      else if (!old.isEqualNode(part)) {
        const focused = old.contains(document.activeElement) ? document.activeElement.dataset.key : "";
        old.replaceWith(part);
        if (focused) part.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
      }
    });
    while (head.children.length > parts.length) head.lastElementChild.remove();
  };

  const asked = (section) => {
    const old = byId(section.id);
    if (old) {
      refreshHead(old.querySelector(".head"), section.querySelector(".head"));
      return;
    }
    stream.insertBefore(section, byId("end"));
    const { number, text } = section.dataset;
    byId("status").textContent = room.dataset.asked.replace("{number}", number).replace("{text}", text);
    choose(number, text);
    if (atEnd()) section.scrollIntoView({ block: "start" });
  };

  // What is being written stays for the question it was begun for; an empty box turns to the new one.
  const choose = (number, text) => {
    const select = byId("to");
    const form = document.querySelector("#composer form.say");
    if (!form) return;
    if (!select) {
      refresh(true);
      return;
    }
    const option = new Option(`P${number}`, number);
    option.title = text;
    select.append(option);
    if (!byId("text").value.trim()) select.value = number;
    else byId("status").textContent = room.dataset.keep.replace("{number}", number).replace("{old}", select.value);
  };

  // What is each reader's own is not in the stream, which is the same for all: it is fetched.
  const refresh = async (composer) => {
    const response = await fetch(`/d/${room.dataset.slug}`, { headers: { accept: "text/html" } }).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    refreshPolls(page);
    if (composer) refreshComposer(page);
  };

  // A poll that opens comes, one that is closed goes; the others stay, with what is ticked and written in them.
  const refreshPolls = (page) => {
    const [polls, fresh] = [byId("polls"), page.getElementById("polls")];
    // A page that is not of what the stream has told last: the one that is comes after it.
    if (!fresh || fresh.dataset.open === polls.dataset.open || fresh.dataset.open !== byId("now").dataset.polls) return;
    polls.dataset.open = fresh.dataset.open;
    for (const old of polls.querySelectorAll("section")) if (!page.getElementById(old.id)) old.remove();
    let next = null;
    for (const section of [...fresh.querySelectorAll("section")].reverse()) {
      const here = byId(section.id) || section;
      if (here === section) {
        polls.insertBefore(section, next);
        byId("status").textContent = section.dataset.told;
      }
      next = here;
    }
    document.querySelector(".jump").replaceWith(page.querySelector(".jump"));
  };

  const refreshComposer = (page) => {
    const fresh = page.getElementById("composer");
    if (!fresh || (byId("text") || byId("name"))?.value.trim()) return;
    const focused = document.activeElement?.id === "text";
    byId("composer").replaceWith(fresh);
    window.htmx?.process(fresh);
    if (focused) byId("text")?.focus();
  };

  const whisper = (fresh) => {
    const box = byId(fresh.dataset.for === room.dataset.slug ? "whispers" : "personal");
    if (box && !byId(fresh.id)) {
      box.append(fresh);
      box.scrollTop = box.scrollHeight;
    }
  };

  const apply = (html) => {
    const parsed = document.createElement("template");
    parsed.innerHTML = html;
    const follow = atEnd();
    const { listening, phase } = byId("now").dataset;
    let last = null;
    for (const fresh of [...parsed.content.children]) {
      if (fresh.matches("article")) {
        if (place(fresh)) {
          if (!follow && fresh.dataset.by !== room.dataset.me) {
            unseen += 1;
            oldest ??= fresh;
          }
          if (follow || fresh.dataset.by === room.dataset.me) last = fresh;
        }
        window.htmx?.process(fresh);
      } else if (fresh.matches("section.question")) asked(fresh);
      else if (fresh.matches(".whisper")) whisper(fresh);
      else swap(fresh);
    }
    measure();
    tick();
    const is = byId("now").dataset.phase;
    // What is not held has another page: nothing to propose, to plan, to come to.
    if (is !== phase && (is === "cancelled" || is === "missed")) {
      location.reload();
      return;
    }
    const composer = (is !== phase && phase === "scheduled") || byId("now").dataset.listening !== listening;
    if (composer || byId("now").dataset.polls !== byId("polls").dataset.open) refresh(composer);
    if (last) show(last);
    newer.hidden = unseen === 0;
    newer.textContent = `↓ ${room.dataset.new.replace("{count}", unseen)}`;
  };

  const seen = () => {
    unseen = 0;
    oldest = null;
    newer.hidden = true;
  };
  newer.addEventListener("click", () => {
    if (oldest) show(oldest);
    seen();
  });
  document.addEventListener("scroll", () => { if (unseen && atEnd()) seen(); }, { passive: true });

  let source = null;
  let waiting = 0;
  const listen = () => {
    source?.close();
    source = new EventSource(`${room.dataset.stream}?since=${rev}`);
    source.onopen = () => {
      clearTimeout(waiting);
      room.classList.remove("lost");
      if (byId("status").textContent === room.dataset.lost) byId("status").textContent = "";
    };
    source.onmessage = (event) => {
      if (event.lastEventId) rev = event.lastEventId;
      apply(event.data);
    };
    source.addEventListener("reload", () => {
      source.close();
      location.reload();
    });
    source.onerror = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        room.classList.add("lost");
        byId("status").textContent = room.dataset.lost;
        if (source.readyState === EventSource.CLOSED) listen();
      }, 4000);
    };
  };
  listen();
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });

  // Sending keeps the place of the hands: the fresh box has the focus that the sent one had.
  document.addEventListener("htmx:after:swap", () => {
    const box = byId("text");
    if (box && (document.activeElement === document.body || document.activeElement === null)) box.focus();
  });

  if (!location.hash && byId("now").dataset.listening === "1") {
    const entries = stream.querySelectorAll(".entry");
    if (entries.length) entries[entries.length - 1].scrollIntoView({ block: "center" });
  }
})();
