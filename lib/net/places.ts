/**
 * A bounded number of places for connections, shared among addresses.
 *
 *     const places = new Places({ stages: ["silent", "handshake"], total, perAddress, drop });
 *     places.take(socket, address);        // may drop another socket
 *     places.move(socket, "handshake");    // costlier to lose from now on
 *     places.settle(socket);               // authenticated: no longer dropped
 *     places.release(socket);              // closed
 */
import { networkOf } from "./network.ts";

export interface PlaceOptions<Holder, Stage> {
  /** The stages of an unauthenticated connection, the cheapest to lose first. */
  stages: readonly [Stage, ...Stage[]];
  total: number;
  /** Places of one address; an IPv6 address counts as its network. */
  perAddress: number;
  /** Receives each holder that has lost its place to a newcomer. */
  drop: (holder: Holder) => void;
}

interface Place<Stage> {
  network: string;
  /** Undefined once it is settled. */
  stage: Stage | undefined;
}

/**
 * At a limit, a newcomer displaces an unauthenticated connection: one in the cheapest stage that
 * holds its share of the places or more, from the address that has the most, and of these the one
 * that has been in its stage for longest.
 *
 * An address that is at its own limit loses one of its own. The share of a stage is an equal part
 * of the places that are not settled, so a flood in one stage does not drive out the others.
 */
export class Places<Holder, Stage extends string> {
  readonly #options: PlaceOptions<Holder, Stage>;
  // in the order in which they have entered their stage
  readonly #places = new Map<Holder, Place<Stage>>();

  constructor(options: PlaceOptions<Holder, Stage>) {
    this.#options = options;
  }

  /** All holders. */
  get holders(): Iterable<Holder> {
    return this.#places.keys();
  }

  /** Gives `holder` a place in the first stage; returns false if all places are settled. */
  take(holder: Holder, address: string | undefined): boolean {
    const { total, perAddress, stages, drop } = this.#options;
    const network = networkOf(address);
    const all = [...this.#places];
    const own = all.filter(([, place]) => place.network === network);
    const [rivals, limit] = own.length >= perAddress ? [own, perAddress] : [all, total];
    if (rivals.length >= limit) {
      const loser = this.#findLoser(rivals);
      if (loser === undefined) return false;
      this.#places.delete(loser);
      drop(loser);
    }
    this.#places.set(holder, { network, stage: stages[0] });
    return true;
  }

  /** Moves `holder` to another stage, unless it has lost its place; it may be dropped there. */
  move(holder: Holder, stage: Stage): void {
    this.#enter(holder, stage);
  }

  /** Keeps the place of `holder` until it is moved or released, unless it has lost its place. */
  settle(holder: Holder): void {
    this.#enter(holder, undefined);
  }

  /** Frees the place of `holder`, if it has one. */
  release(holder: Holder): void {
    this.#places.delete(holder);
  }

  #enter(holder: Holder, stage: Stage | undefined): void {
    const place = this.#places.get(holder);
    if (!place || place.stage === stage) return;
    this.#places.delete(holder);
    this.#places.set(holder, { ...place, stage });
  }

  #findLoser(rivals: [Holder, Place<Stage>][]): Holder | undefined {
    const { stages } = this.#options;
    const pending = rivals.filter(([, { stage }]) => stage !== undefined);
    const inStages = countBy(pending, ({ stage }) => stage);
    const fullest = stages.find((stage) => (inStages.get(stage) ?? 0) >= pending.length / stages.length);
    const ofNetworks = countBy(pending, ({ network }) => network);
    let loser: Holder | undefined;
    let most = 0;
    for (const [holder, { stage, network }] of pending) {
      const count = ofNetworks.get(network) ?? 0;
      if (stage !== fullest || count <= most) continue;
      [loser, most] = [holder, count];
    }
    return loser;
  }
}

function countBy<Holder, Stage, Key>(
  places: [Holder, Place<Stage>][],
  keyOf: (place: Place<Stage>) => Key,
): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const [, place] of places) counts.set(keyOf(place), (counts.get(keyOf(place)) ?? 0) + 1);
  return counts;
}
