import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["dist", "build", "src/api/schema.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...ts.configs.strictTypeChecked, reactHooks.configs.flat["recommended-latest"], jsxA11y.flatConfigs.strict],
    languageOptions: { globals: globals.browser, parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "jsx-a11y/no-autofocus": ["error", { ignoreNonDOM: true }],
      "jsx-a11y/no-interactive-element-to-noninteractive-role": ["error", { canvas: ["img"] }],
      "max-lines": ["error", { max: 220, skipBlankLines: true, skipComments: true }],
      complexity: ["error", 10],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Data is never rendered as HTML." },
        { selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]", message: "Data is never rendered as HTML." },
      ],
    },
  },
  // In a component every "if it is there" counts as a branch.
  { files: ["**/*.tsx"], rules: { complexity: ["error", 14] } },
  { files: ["scripts/**/*.mjs"], languageOptions: { globals: globals.node } },
);
