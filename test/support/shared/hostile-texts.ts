/** Texts that a page must show and never read as markup, and a model whose whole vocabulary is made of them. */

import { tinyCheckpoint, type TinyFiles } from "./tiny";

/** Each calls or makes something that a test can see, if it becomes markup. */
export const HOSTILE_TEXTS: readonly string[] = [
  "<script>hacked=1</script>",
  "<SCRIPT SRC=data:text/javascript,hacked=1></SCRIPT>",
  "</script><script>hacked=1</script>",
  "<img src=x onerror=hacked=1>",
  '<img src="x" onerror="hacked=1">',
  "<svg onload=hacked=1>",
  "<svg><script>hacked=1</script></svg>",
  "<svg><animate onbegin=hacked=1 attributeName=x>",
  "<iframe srcdoc='<script>parent.hacked=1</script>'>",
  "<iframe src=javascript:parent.hacked=1>",
  "<object data=javascript:hacked=1>",
  "<embed src=javascript:hacked=1>",
  "<a href=javascript:hacked=1>x</a>",
  "<body onload=hacked=1>",
  "<input autofocus onfocus=hacked=1>",
  "<details open ontoggle=hacked=1>",
  "<video><source onerror=hacked=1>",
  "<audio src=x onerror=hacked=1>",
  "<marquee onstart=hacked=1>",
  "<style>*{display:none}</style>",
  "<link rel=stylesheet href=data:text/css,*{display:none}>",
  "<meta http-equiv=refresh content=0;url=about:blank>",
  "<base href=//example.invalid/>",
  "<form action=javascript:hacked=1><button>x</button></form>",
  "<math><mi xlink:href=javascript:hacked=1>x</mi></math>",
  "<template><script>hacked=1</script></template>",
  "<noscript><img src=x onerror=hacked=1></noscript>",
  "--><script>hacked=1</script>",
  "]]><script>hacked=1</script>",
  '"><script>hacked=1</script>',
  "'><script>hacked=1</script>",
  '" onmouseover="hacked=1',
  "' autofocus onfocus='hacked=1",
  "`onmouseover=hacked=1`",
  "javascript:hacked=1",
  "&lt;script&gt;hacked=1&lt;/script&gt;",
  "&#60;script&#62;hacked=1&#60;/script&#62;",
  "\\u003cscript\\u003ehacked=1\\u003c/script\\u003e",
  "${hacked=1}",
  "{{constructor.constructor('hacked=1')()}}",
  "\u202e<script>hacked=1</script>\u202c",
  "<\u0000script>hacked=1</script>",
];

/** The files of a tiny model: after three special tokens, token i is text i. A text is split at nothing. */
export function hostileModel(): TinyFiles {
  const special = ["<pad><img src=x onerror=hacked=1>", "<s><img src=x onerror=hacked=1>", "</s><svg onload=hacked=1>"];
  const tokens = [...special, ...HOSTILE_TEXTS];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  let made: TinyFiles = {};
  tinyCheckpoint({ vocabSize: tokens.length }, (files) => {
    files["generation_config.json"] = JSON.stringify({ max_new_tokens: 6 });
    files["tokenizer.json"] = JSON.stringify({
      version: "1.0",
      added_tokens: special.map((content, id) => ({ id, content, special: true, normalized: false })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab, unk_token: HOSTILE_TEXTS[0] },
    });
    files["tokenizer_config.json"] = "{}";
    made = files;
  });
  return made;
}
