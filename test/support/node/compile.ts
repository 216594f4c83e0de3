/** TypeScript's compiler as strict users set it, over files that use the package. */

import ts from "typescript";

/** TypeScript's own libraries are read once for all programs. */
const libraries = new Map<string, ts.SourceFile | undefined>();

/**
 * What TypeScript has to say, one line per message.
 * @param folder of the project that has the package installed
 */
export function compile(folder: string, files: string[], given: ts.CompilerOptions): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    // Those of TypeScript itself are right, and large.
    skipDefaultLibCheck: true,
    verbatimModuleSyntax: true,
    noUncheckedSideEffectImports: true,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noEmit: true,
    ...given,
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (!/\/typescript\/lib\/lib\.[\w.]+$/.test(name)) return read(name, ...rest);
    if (!libraries.has(name)) libraries.set(name, read(name, ...rest));
    return libraries.get(name);
  };
  const program = ts.createProgram(files, options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : "";
    return line + ts.flattenDiagnosticMessageText(messageText, "\n");
  });
}
