/** Stops a method in the middle of a test, so that something else can happen during its `await`. */

export interface HeldCall {
  /** Resolves once the method is called. */
  called: Promise<void>;
  /** Lets the call go on. */
  release: () => void;
}

/** Holds the next call of the method `name` of `target`, which may be a prototype. */
export function holdCall<Name extends string>(
  target: Record<Name, (...args: never[]) => Promise<unknown>>,
  name: Name,
): HeldCall {
  const original = target[name];
  const restore = () => Object.assign(target, { [name]: original });
  let markCalled: () => void = () => {};
  let release: () => void = () => {};
  const called = new Promise<void>((resolve) => {
    markCalled = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function wait(this: unknown, ...args: unknown[]): Promise<unknown> {
    restore();
    markCalled();
    await released;
    return Reflect.apply(original, this, args);
  }
  Object.assign(target, { [name]: wait });
  return {
    called,
    release() {
      restore();
      release();
    },
  };
}
