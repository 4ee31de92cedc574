"use strict";

const { configs } = require("@eslint/js");

module.exports = [
  configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "script" },
    linterOptions: { reportUnusedDisableDirectives: "error", noInlineConfig: true },
    rules: {
      // The scripts of a page share one scope: whether a name is there, the type check says.
      "no-undef": "off",
      "no-unused-vars": ["error", { vars: "local" }],
      curly: "error",
      eqeqeq: "error",
      "no-implicit-coercion": ["error", { disallowTemplateShorthand: true }],
      "no-shadow-restricted-names": "error",
      "no-var": "error",
      "prefer-const": "error",
      strict: "off",
      "no-restricted-properties": ["error", { property: "innerHTML" }, { property: "outerHTML" }],
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[property.name=/^_/]", message: "This member of Leaflet is private." },
        { selector: "Property[key.name=/^_/]", message: "This member of Leaflet is private." },
        { selector: "MemberExpression[property.name=/^(prototype|__proto__|include|mergeOptions|addInitHook)$/]", message: "No prototype is patched." },
      ],
    },
  },
];
