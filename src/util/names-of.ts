/** The names of the fields of `T`, as a list. The compiler says which one is missing or unknown. */
export const namesOf = <T extends object>(names: Readonly<Record<keyof T, true>>): readonly (keyof T & string)[] =>
  Object.keys(names) as (keyof T & string)[];
