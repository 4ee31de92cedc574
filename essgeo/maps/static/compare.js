"use strict";

// Two columns of the table side by side. Without this script the table shows every area.
(function () {
  const table = /** @type {HTMLTableElement} */ (document.getElementById("compare"));
  const status = /** @type {HTMLElement} */ (document.getElementById("compare-status"));
  const choice = /** @type {HTMLFormElement} */ (document.getElementById("compare-choice"));
  const heads = areasOf(table.rows[0]);
  const codes = heads.map((head) => String(head.dataset.area));
  const names = heads.map((head) => head.querySelector("bdi")?.textContent);
  const selects = Array.from(choice.querySelectorAll("select"));
  if (codes.length < 2) {
    return;
  }

  /** @param {HTMLTableRowElement} row @returns {HTMLTableCellElement[]} */
  function areasOf(row) {
    return Array.from(row.querySelectorAll("[data-area]"));
  }

  // Also in the query, for links that other pages write.
  function read() {
    const given = [window.location.hash, window.location.search].map((text) => new URLSearchParams(text.slice(1)));
    const asked = ["a", "b"].map((name) => given.map((one) => one.get(name) || "").find((code) => codes.includes(code)));
    const first = asked[0] || codes.filter((code) => code !== asked[1])[0];
    const second = asked[1] && asked[1] !== first ? asked[1] : codes.filter((code) => code !== first)[0];
    return [first, second];
  }

  function write(chosen) {
    const given = new URLSearchParams(window.location.hash.includes("=") ? window.location.hash.slice(1) : "");
    ["a", "b"].forEach((name, place) => given.set(name, chosen[place]));
    window.history.replaceState(null, "", "#" + given.toString().replace(/%2F/g, "/").replace(/%2C/g, ","));
  }

  function judge(row, chosen) {
    const verdict = row.querySelector("td.verdict");
    const [one, other] = chosen.map((code) => row.querySelector('[data-area="' + code + '"]').dataset);
    const told = one.low !== undefined && other.low !== undefined;
    const same = told && one.low === other.low && one.high === other.high;
    const apart = told && (Number(one.low) > Number(other.high) || Number(other.low) > Number(one.high));
    verdict.hidden = false;
    verdict.textContent = told ? verdict.dataset[same ? "same" : apart ? "yes" : "no"] : "";
  }

  function show(chosen) {
    Array.from(table.rows).forEach(function (row) {
      const cells = areasOf(row);
      if (!cells.length) {
        row.cells[0].colSpan = 4;
        return;
      }
      cells.forEach((cell) => (cell.hidden = !chosen.includes(cell.dataset.area)));
      const ordered = chosen.map((code) => cells.find((cell) => cell.dataset.area === code));
      row.cells[0].after(...ordered);
      if (row.parentNode === table.tHead) {
        row.querySelector("th.verdict")?.removeAttribute("hidden");
      } else {
        judge(row, chosen);
      }
    });
    selects.forEach((select, place) => (select.value = chosen[place]));
  }

  // Choosing on one side what stands on the other exchanges them.
  function choose(place) {
    const chosen = selects.map((select) => select.value);
    if (chosen[0] === chosen[1]) {
      chosen[1 - place] = shown[place];
    }
    shown = chosen;
    show(chosen);
    write(chosen);
    const said = { first: names[codes.indexOf(chosen[0])], second: names[codes.indexOf(chosen[1])] };
    status.textContent = String(status.dataset.text).replace(/\{(\w+)\}/g, (whole, name) => said[name] || whole);
  }

  selects.forEach(function (select, place) {
    const groups = new Map();
    heads.forEach(function (head, at) {
      const group = head.dataset.group;
      if (!groups.has(group)) {
        groups.set(group, Object.assign(document.createElement("optgroup"), { label: group }));
      }
      groups.get(group).append(new Option(names[at], codes[at]));
    });
    select.append(...groups.values());
    select.addEventListener("change", () => choose(place));
  });
  let shown = read();
  choice.hidden = false;
  show(shown);
  window.addEventListener("hashchange", () => show((shown = read())));
  document.documentElement.dataset.compared = "";
})();
