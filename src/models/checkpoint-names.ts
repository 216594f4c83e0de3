/** The names of a checkpoint's tensors, which may differ from those of the model, and may be several for one memory. */

/** What a checkpoint says of a tensor before its data comes. */
export interface Announced {
  name: string;
  /** Its name in safetensors, such as "F16". */
  dtype?: string;
  shape: readonly number[];
  /** An earlier tensor that shares its memory. */
  sameAs?: string;
}

export class CheckpointNames {
  private readonly dtypes: ReadonlyMap<string, string | undefined>;
  /** By the names of the checkpoint. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /**
   * Hugging Face's `base_model_prefix`, with its dot: a name of the model may be stored with it or without it, since the
   * bare model and the model with a head are saved under different names.
   */
  prefix = "";
  /** Of tensors that share their memory, the name that stands for them. */
  private readonly standsFor: ReadonlyMap<string, string>;

  constructor(tensors: Iterable<Announced>) {
    const all = [...tensors];
    this.shapes = new Map(all.map(({ name, shape }) => [name, shape]));
    this.dtypes = new Map(all.map(({ name, dtype }) => [name, dtype]));
    this.standsFor = new Map(all.map(({ name, sameAs }) => [name, sameAs ?? name]));
  }

  /** The name that the checkpoint has for a tensor of the model. */
  stored(name: string): string {
    if (this.shapes.has(name) || this.prefix === "") return name;
    const others = [this.prefix + name];
    if (name.startsWith(this.prefix)) others.push(name.slice(this.prefix.length));
    return others.find((other) => this.shapes.has(other)) ?? name;
  }

  /** The checkpoint's shape of a tensor of the model; undefined where it has none. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.shapes.get(this.stored(name));
  }

  /** The checkpoint's dtype of a tensor of the model; undefined where it has none. */
  dtypeOf(name: string): string | undefined {
    return this.dtypes.get(this.stored(name));
  }

  /** What stands before these names in the checkpoint, such as "module.", where it has one of them so. */
  prefixBefore(names: readonly string[]): string | undefined {
    const wanted = new Set(names);
    for (const stored of this.shapes.keys()) {
      for (let dot = stored.indexOf("."); dot >= 0; dot = stored.indexOf(".", dot + 1)) {
        if (wanted.has(stored.slice(dot + 1))) return stored.slice(0, dot + 1);
      }
    }
    return undefined;
  }

  /** The checkpoint's name of the memory that a tensor of the model is in, which tied tensors share. */
  memoryOf(name: string): string {
    const stored = this.stored(name);
    return this.standsFor.get(stored) ?? stored;
  }
}
