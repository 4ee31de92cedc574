"use strict";

// Every table of a page: sorted by its heads, folded where it is long, its cells labelled for a phone, where each row is
// a card. Without this script tables are whole and scroll; on paper they are whole in any case.
(function () {
  const MOST = 12;
  const LEAST = 4;
  const LISTED = "structure-rows";  // by name and in pages already
  const ROLES = { THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell", col: "columnheader", row: "rowheader", rowgroup: "rowheader" };
  const lang = document.documentElement.lang;
  const { compare } = new Intl.Collator(lang, { numeric: true, sensitivity: "base" });

  /** @param {string} text */
  function numberIn(text) {
    const found = /[-\u2212]?\d[\d\s\u00a0\u202f.,]*/.exec(text);
    const plain = found ? found[0].replace("\u2212", "-").replace(/[\s\u00a0\u202f]|[.,\s\u00a0\u202f]+$/g, "") : "none";
    return Number(lang === "fr" ? plain.replace(",", ".") : plain.replace(/,/g, ""));
  }

  /** @param {HTMLTableElement} table */
  function label(table) {
    const heads = Array.from(table.tHead?.rows[0].cells || [], (head) => head.textContent || "");
    Array.from(table.rows).forEach(function (row) {
      Array.from(row.cells).forEach(function (cell, place) {
        cell.setAttribute("role", ROLES[cell.scope || cell.tagName]);
        if (cell.tagName === "TD") {
          cell.dataset.label = heads[place];
          cell.classList.toggle("blank", !cell.textContent?.trim());
        }
      });
    });
    table.querySelectorAll("thead, tbody, tr").forEach((part) => part.setAttribute("role", ROLES[part.tagName]));
  }

  // What is not known comes last, whichever way a table is sorted; a total stays below.
  /** @param {HTMLTableElement} table @param {HTMLTableCellElement} head */
  function sort(table, head) {
    const [place, falling] = [head.cellIndex, head.getAttribute("aria-sort") === "descending"];
    const figures = head.classList.contains("figure");
    const rows = Array.from(table.tBodies[0].rows).filter((row) => !row.classList.contains("total"));
    const keyed = rows.map(function (row) {
      const text = (row.cells[place].textContent || "").trim();
      return { row: row, text: text, value: figures ? numberIn(text) : 0, known: figures ? /\d/.test(text) : /\w/.test(text) };
    });
    keyed.sort(function (one, other) {
      const order = figures ? one.value - other.value : compare(one.text, other.text);
      return Number(other.known) - Number(one.known) || (one.known ? (falling ? -order : order) : 0);
    });
    table.tBodies[0].prepend(...keyed.map(({ row }) => row));
  }

  /** @param {HTMLTableElement} table */
  function heads(table) {
    const all = Array.from(table.tHead?.rows[0].cells || []);
    all.filter((head) => head.textContent?.trim()).forEach(function (head) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        const first = head.classList.contains("figure") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const next = head.getAttribute("aria-sort") === first ? other : first;
        all.forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", next);
        sort(table, head);
      });
    });
  }

  /** @param {Element} frame @param {HTMLTableElement} table */
  function fold(frame, table) {
    const button = frame.nextElementSibling;
    if (!(button instanceof HTMLButtonElement)) {
      return () => undefined;
    }
    const say = function () {
      const folded = frame.classList.contains("folded");
      const count = table.tBodies[0].rows.length;
      button.hidden = count <= MOST;
      button.setAttribute("aria-expanded", String(!folded));
      button.textContent = String(folded ? button.dataset.all : button.dataset.less).replace("{count}", count.toLocaleString(lang));
    };
    button.addEventListener("click", function () {
      frame.classList.toggle("folded");
      say();
    });
    frame.classList.add("folded");
    say();
    return say;
  }

  document.querySelectorAll(".rows").forEach(function (frame) {
    const table = /** @type {HTMLTableElement} */ (frame.querySelector("table"));
    const body = table.tBodies[0];
    frame.classList.add("cards");
    table.setAttribute("role", "table");
    label(table);
    if (table.tBodies.length > 1) {
      return;
    }
    if (body.id !== LISTED && (body.id || body.rows.length >= LEAST)) {
      heads(table);
    }
    const count = fold(frame, table);
    if (!body.id) {
      return;
    }
    // Another script writes these rows, and again with each theme.
    const watch = new MutationObserver(function () {
      label(table);
      count();
      const sorted = /** @type {HTMLTableCellElement | null} */ (table.querySelector("[aria-sort]"));
      if (sorted) {
        sort(table, sorted);
        watch.takeRecords();
      }
    });
    watch.observe(body, { childList: true });
  });

  // On paper what is closed is open.
  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("main details:not([open])"));
    opened.forEach((part) => part.setAttribute("open", ""));
  });
  window.addEventListener("afterprint", () => opened.forEach((part) => part.removeAttribute("open")));
})();
