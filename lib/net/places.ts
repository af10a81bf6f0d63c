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

/**
 * What a holder is dropped with: one error for all, because Node formats the stack of each error
 * that destroys a socket, which a flood would make the costliest part of a connection.
 */
export const DISPLACED = new Error("dropped: too many others came after it");

export interface PlaceOptions<Holder, Stage> {
  /** The stages of an unauthenticated connection, the cheapest to lose first. */
  stages: readonly [Stage, ...Stage[]];
  total: number;
  /** Places of one address; an IPv6 address counts as its network. */
  perAddress: number;
  /** Receives each holder that has lost its place to a newcomer. */
  drop: (holder: Holder) => void;
}

/** An IPv4 address or an IPv6 network, with the number of its places. */
interface Network {
  name: string;
  taken: number;
  settled: number;
}

interface Place<Stage> {
  network: Network;
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
  // counted as places change, because a flood makes newcomers look for a loser all the time
  readonly #networks = new Map<string, Network>();

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
    const name = networkOf(address);
    const own = this.#networks.get(name);
    const ownIsFull = (own?.taken ?? 0) >= perAddress;
    if (ownIsFull || this.#places.size >= total) {
      const loser = this.#findLoser(ownIsFull ? own : undefined);
      if (loser === undefined) return false;
      this.release(loser);
      drop(loser);
    }
    const network = this.#networks.get(name) ?? { name, taken: 0, settled: 0 };
    this.#networks.set(name, network);
    network.taken += 1;
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
    const place = this.#places.get(holder);
    if (!place) return;
    const { network } = place;
    this.#places.delete(holder);
    network.taken -= 1;
    if (place.stage === undefined) network.settled -= 1;
    if (network.taken === 0) this.#networks.delete(network.name);
  }

  #enter(holder: Holder, stage: Stage | undefined): void {
    const place = this.#places.get(holder);
    if (!place || place.stage === stage) return;
    if (place.stage === undefined) place.network.settled -= 1;
    if (stage === undefined) place.network.settled += 1;
    this.#places.delete(holder);
    this.#places.set(holder, { ...place, stage });
  }

  /** @param network whose holders may lose; by default, all */
  #findLoser(network: Network | undefined): Holder | undefined {
    const { stages } = this.#options;
    const inStages = new Map<Stage, number>(stages.map((stage) => [stage, 0]));
    const isRival = (place: Place<Stage>) => network === undefined || place.network === network;
    let pending = 0;
    for (const place of this.#places.values()) {
      if (place.stage === undefined || !isRival(place)) continue;
      inStages.set(place.stage, (inStages.get(place.stage) ?? 0) + 1);
      pending += 1;
    }
    const fullest = stages.find((stage) => (inStages.get(stage) ?? 0) >= pending / stages.length);
    let loser: Holder | undefined;
    let most = 0;
    for (const [holder, place] of this.#places) {
      const count = place.network.taken - place.network.settled;
      if (place.stage === undefined || !isRival(place) || place.stage !== fullest || count <= most) continue;
      [loser, most] = [holder, count];
    }
    return loser;
  }
}
