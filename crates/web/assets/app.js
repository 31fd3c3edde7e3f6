// What pages do beyond links and forms. Every page can be read, and every form works, without this file.

(() => {
  "use strict";

  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

  // The answer to a request that failed is shown too: it says what is wrong, in its place or above the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if ([400, 409, 422].includes(xhr.status) || xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  const say = (text) => {
    const note = Object.assign(document.createElement("p"), { className: "note bad", textContent: text });
    note.setAttribute("role", "alert");
    document.getElementById("trouble")?.replaceChildren(note);
  };
  document.addEventListener("htmx:sendError", () => say("Watchfire could not be reached. Try again in a moment."));
  // What was wrong is so no longer once the same goes well: a part that refreshes itself says nothing of what was clicked.
  let troubled;
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const { verb } = detail.requestConfig;
    if (!detail.successful || detail.xhr.getResponseHeader("HX-Retarget")) troubled = verb;
    else if (verb === troubled) document.getElementById("trouble")?.replaceChildren();
  });
  // What asks again and again does not while nobody looks.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.getAttribute("hx-trigger")?.startsWith("every")) event.preventDefault();
  });

  // The look of the page changes where it is: what was typed stays.
  const wear = (button) => {
    const { dataset } = document.documentElement;
    if (button.value === "system") delete dataset.theme;
    else dataset.theme = button.value;
    for (const one of button.form.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    const body = new URLSearchParams({ theme: button.value });
    const kept = fetch(button.form.action, { method: "POST", body, redirect: "manual", keepalive: true });
    kept.catch(() => say("Watchfire could not be reached, so the choice holds for this page alone."));
  };

  // A form is sent once, however often its button is pressed. One that htmx sends is its own business.
  document.addEventListener("submit", (event) => {
    if (event.submitter?.name === "theme") {
      event.preventDefault();
      wear(event.submitter);
    }
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
    // Whoever stops the browser before the answer may send it again.
    setTimeout(() => delete event.target.dataset.sent, 5000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // Copy: what the button names, or what stands before it.
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    const text = source ? source.value ?? source.textContent : "";
    let done = "Copied";
    try {
      await navigator.clipboard.writeText(text.trim());
    } catch {
      // No clipboard without a secure context: the text is selected instead.
      if (source) getSelection().selectAllChildren(source);
      done = "Press Ctrl C";
    }
    const label = button.querySelector("[data-label]") ?? button;
    const before = label.textContent;
    label.textContent = done;
    setTimeout(() => (label.textContent = before), 1600);
  };

  // The key or click that opens the row's page, unless it was meant for something inside.
  const openRow = (event) => {
    const row = closest(event, "tr[data-href]");
    if (!row || closest(event, "a, button, input, select, label, summary") || getSelection().toString()) return;
    if (event.metaKey || event.ctrlKey) open(row.dataset.href);
    else location.assign(row.dataset.href);
  };

  // A reload asks for the page again and sends no form twice.
  history.replaceState(history.state, "", location.href);

  // What is wrong with a form is in sight, and its field ready to be typed into.
  const complaint = document.querySelector("main .complaint");
  if (complaint) {
    const around = complaint.closest(".field");
    const field = around?.querySelector("[aria-invalid=true]") ?? around?.querySelector("input:not([type=hidden]), select, textarea");
    field?.focus({ preventScroll: true });
    complaint.scrollIntoView({ block: "center" });
  }

  // What was done is said for a while, and does not stand above the next thing.
  const flash = document.querySelector(".flash");
  const fade = () => {
    if (document.hidden || flash.matches(":hover, :focus-within")) setTimeout(fade, 2000);
    else flash.remove();
  };
  if (flash) setTimeout(fade, 8000);

  // Where tabs do not fit, the present one is in sight.
  const tab = document.querySelector(".tabs [aria-current]");
  if (tab) {
    const bar = tab.parentElement;
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }

  document.addEventListener("click", (event) => {
    if (closest(event, "[data-close]")) return void closest(event, ".flash").remove();
    const copyButton = closest(event, "[data-copy]");
    if (copyButton) return void copy(copyButton);
    const menu = closest(event, ".menu-button");
    if (menu) {
      const isOpen = menu.closest(".rail").classList.toggle("open");
      return void menu.setAttribute("aria-expanded", String(isOpen));
    }
    const opener = closest(event, "[data-dialog]");
    if (opener) return void document.getElementById(opener.dataset.dialog)?.showModal();
    for (const open of document.querySelectorAll("details.confirm[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
    openRow(event);
  });

  // Selects that narrow a list need no button.
  document.addEventListener("change", (event) => {
    const field = closest(event, "[data-submit]");
    if (field) field.form.requestSubmit();
    const all = closest(event, "[data-check-all]");
    if (all) {
      for (const box of document.querySelectorAll(`input[name="${all.dataset.checkAll}"]`)) box.checked = all.checked;
    }
    for (const told of document.querySelectorAll("[data-count-of]")) {
      const count = document.querySelectorAll(`input[name="${told.dataset.countOf}"]:checked`).length;
      told.textContent = `${count} selected`;
    }
    const shows = closest(event, "[data-shows]");
    if (shows) show(shows);
    // Whoever ticks one of a choice's parts has chosen it; whoever chooses another unticks them.
    const part = closest(event, "[data-part-of]");
    if (part?.checked) document.getElementById(part.dataset.partOf).checked = true;
    const without = closest(event, "[data-without]");
    if (without) for (const box of document.querySelectorAll(`[data-part-of="${without.dataset.without}"]`)) box.checked = false;
  });

  // A choice that shows the fields that belong to it.
  const show = (field) => {
    for (const part of document.querySelectorAll(`[data-shown-by="${field.dataset.shows}"]`)) {
      part.hidden = !part.dataset.values.split(" ").includes(field.value);
    }
  };
  const showAll = () => {
    for (const field of document.querySelectorAll("select[data-shows]")) show(field);
  };
  showAll();
  document.addEventListener("htmx:afterSwap", showAll);

  // Times: where the page says when in UTC, the title says it in the reader's zone too; ages go on.
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const age = (seconds) => {
    if (seconds < 5) return "just now";
    const [name, length] = units.find(([, length]) => seconds >= length);
    return `${Math.floor(seconds / length)} ${name} ago`;
  };
  const tellTimes = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      if (!time.dataset.told) {
        time.dataset.told = "yes";
        time.title = `${at.toLocaleString()} (${time.dateTime})`;
      }
      const seconds = (Date.now() - at.getTime()) / 1000;
      if ("age" in time.dataset && seconds >= 0) time.textContent = age(seconds);
    }
  };
  tellTimes();
  setInterval(tellTimes, 15000);
  document.addEventListener("htmx:afterSwap", tellTimes);

  // Live parts: each message of the stream makes the part ask for itself again, at most twice a second.
  // A browser has few connections to a site, so a page that nobody looks at has no stream.
  for (const part of document.querySelectorAll("[data-live]")) {
    const light = document.querySelector(".live");
    let stream;
    let waiting = 0;
    let refusals = 0;
    const tell = () => {
      if (waiting) return;
      waiting = setTimeout(() => {
        waiting = 0;
        htmx.trigger(part, "live");
      }, 500);
    };
    const close = () => {
      stream?.close();
      stream = undefined;
      light?.classList.remove("on");
    };
    const open = () => {
      stream ??= new EventSource(part.dataset.live);
      stream.onopen = () => {
        light?.classList.add("on");
        refusals = 0;
        // What happened before it was open, or while it was not.
        tell();
      };
      stream.onerror = () => {
        light?.classList.remove("on");
        // One that breaks off is opened again by the browser; one that was refused is not.
        if (stream?.readyState !== EventSource.CLOSED) return;
        close();
        refusals += 1;
        setTimeout(follow, Math.min(60, 2 ** refusals) * 1000);
      };
      stream.onmessage = tell;
      for (const name of part.dataset.events.split(" ")) stream.addEventListener(name, tell);
    };
    const follow = () => (document.hidden ? close() : open());
    document.addEventListener("visibilitychange", follow);
    addEventListener("pageshow", follow);
    addEventListener("pagehide", close);
    follow();
  }

  // Keys: / searches, j and k walk a list, Enter opens, g and a letter go somewhere, ? says so.
  let walked = -1;
  let going = false;
  const walk = (step) => {
    const rows = [...document.querySelectorAll("tr[data-href]")];
    if (!rows.length) return;
    rows[walked]?.classList.remove("selected");
    walked = Math.min(Math.max(walked + step, 0), rows.length - 1);
    rows[walked].classList.add("selected");
    rows[walked].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const asked = document.querySelector("details.confirm[open]");
      if (asked) {
        asked.open = false;
        asked.querySelector("summary").focus();
      }
    }
    if (event.ctrlKey || event.metaKey || event.altKey || closest(event, "input, textarea, select, dialog")) return;
    if (going) {
      going = false;
      const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    if (event.key === "g") going = true;
    else if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "Enter" && event.target === document.body) {
      const row = document.querySelector("tr.selected[data-href]");
      if (row) location.assign(row.dataset.href);
    } else if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    } else if (event.key === "?") document.getElementById("keys")?.showModal();
  });
})();
