"use strict";

// The data of the page, and the only ways this site makes elements: text is always text, never markup.
const Dom = (function () {

  const given = window.essgeoData;
  const data = Object.assign({ register: given.register }, given.study);
  Object.assign(data, JSON.parse(get("script", "map-data").text));

  /**
   * An element that stands wherever it is asked for; `find` is for those that a page may leave out.
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} tag
   * @param {string} name
   */
  function get(tag, name) {
    return /** @type {HTMLElementTagNameMap[T]} */ (document.querySelector(`${tag}#${name}`));
  }

  /** @param {string} name */
  const find = (name) => document.getElementById(name);

  /** @param {string} tag @param {Object<string, any>} [options] @param {(string | Node)[]} [children] @returns {HTMLElement} */
  function element(tag, options, children) {
    const made = document.createElement(tag);
    Object.entries(options || {}).forEach(function ([name, value]) {
      if (name === "text") {
        made.textContent = value;
      } else if (name === "on") {
        Object.entries(value).forEach(([event, handler]) => made.addEventListener(event, handler));
      } else if (value !== null && value !== false) {
        made.setAttribute(name, value === true ? "" : value);
      }
    });
    (children || []).forEach((child) => made.append(child));
    return made;
  }

  // A text from the register: isolated, so that the direction of its script changes nothing around it.
  /** @param {string} text */
  function isolated(text) {
    return element("bdi", { text: text });
  }

  /** @param {string} sentence @param {Object<string, any>} values @returns {string} */
  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  // Only http and https addresses become links, each shown by its host.
  /** @param {string} text */
  function linked(text) {
    const address = /^https?:\/\/(?:www\.)?([^\s/?#]+)[^\s]*$/i.exec(text);
    if (!address) {
      return isolated(text);
    }
    return element("a", { href: text, rel: "noopener noreferrer nofollow", text: address[1] });
  }

  const whole = new Intl.NumberFormat(data.lang);
  const hundredths = new Intl.NumberFormat(data.lang, { style: "percent", maximumFractionDigits: 0 });
  /** @param {number} value */
  const share = (value) => hundredths.format(value).replace("\u00a0", "\u202f");

  /** @param {number | null} [value] */
  function percent(value) {
    if (value === null || value === undefined) {
      return "–";
    }
    if (value > 0 && value < 0.005) {
      return "<\u202f" + share(0.01);
    }
    return value < 1 && value >= 0.995 ? ">\u202f" + share(0.99) : share(value);
  }

  // Lower case, no accents: what is typed is compared with what is written.
  /** @param {string} text */
  function folded(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[’']/g, " ").toLowerCase();
  }

  return {
    data: data,
    words: data.texts,
    element: element,
    isolated: isolated,
    linked: linked,
    fill: fill,
    folded: folded,
    percent: percent,
    number: (value) => (value === null ? "–" : whole.format(value)),
    load: Ground.load,
    find: find,
    get: get,
  };
})();
