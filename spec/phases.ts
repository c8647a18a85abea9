/** Settings that change from a generation on: which of them are in force when. Pure; workflows, the report and `plan` use the same. */

/** From generation `from` on, members are these. */
export interface Phase<M> {
  readonly from: number;
  readonly members: readonly M[];
}

/** Members, and what becomes of their settings: phases in the order of their generations; absent where nothing changes. */
export interface Phased<M> {
  readonly members: readonly M[];
  readonly phases?: readonly Phase<M>[];
}

/** Generations `from` to `to` (Infinity: all later ones), and the members as they are in them. */
export interface Stage<M> extends Phase<M> {
  readonly to: number;
}

/** A condition's stages: what it begins as, then its phases. */
export function stagesOf<M>({ members, phases = [] }: Phased<M>): readonly Stage<M>[] {
  return [{ from: 0, members }, ...phases].map((stage, i) => ({
    ...stage,
    to: i < phases.length ? phases[i].from - 1 : Infinity,
  }));
}

/** The members as they are in generation t. */
export function membersAt<M>(of: Phased<M>, t: number): readonly M[] {
  return stagesOf(of).find(({ to }) => t <= to)!.members;
}
