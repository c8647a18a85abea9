/**
 * A reader of Python pickles that executes nothing: it knows the opcodes and the few names that a saved state_dict consists of,
 * turns them into plain data, and refuses every other by name.
 */

/** A Python object by its name, as `module.name`. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}
/** torch's reference to a storage: the tuple of its persistent id. */
export class PersistentId {
  constructor(readonly parts: readonly PickleValue[]) {}
}
export type PickleValue =
  | null | boolean | number | string
  | PickleValue[] | Map<PickleValue, PickleValue> | PickleGlobal | PersistentId | object; // prettier-ignore

/** What may be called: gets the arguments, gives plain data. */
export type Callables = Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>>;

const MARK = Symbol('mark');
type Item = PickleValue | typeof MARK;

/** A refused or broken pickle; the message says what about it. */
export class PickleError extends Error {}

/**
 * @param callables the only functions and classes that may be called
 * @param allowed the only other names that may occur
 * @param start where in the bytes the pickle begins
 * @returns what it holds, and where what follows it begins
 * @throws PickleError
 */
export function readPickle(
  bytes: Buffer,
  callables: Callables,
  allowed: ReadonlySet<string>,
  start = 0,
): { readonly value: PickleValue; readonly end: number } {
  const stack: Item[] = [];
  const memo = new Map<number, PickleValue>();
  let at = start;
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new PickleError('it ends too early');
    return bytes.subarray(at, (at += length));
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new PickleError('it ends too early');
    const text = bytes.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const pop = (): PickleValue => {
    const item = stack.pop();
    if (item === undefined || item === MARK) throw new PickleError('its stack is empty');
    return item;
  };
  const popMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError('its stack has no mark');
    const items = stack.splice(mark);
    return items.slice(1) as PickleValue[];
  };
  const popCount = (n: number): PickleValue[] => Array.from({ length: n }, pop).reverse();
  const top = (): PickleValue => {
    const item = pop();
    stack.push(item);
    return item;
  };
  const global = (module: string, name: string): PickleGlobal => {
    const full = `${module}.${name}`;
    if (!Object.hasOwn(callables, full) && !allowed.has(full))
      throw new PickleError(`it refers to ${full}, which is no part of a state_dict; nothing in it was executed`);
    return new PickleGlobal(full);
  };
  const recall = (key: number): PickleValue => {
    if (!memo.has(key)) throw new PickleError('it refers to what it did not store');
    return memo.get(key)!;
  };
  const setItems = (target: PickleValue, items: readonly PickleValue[]): void => {
    if (!(target instanceof Map) || items.length % 2 !== 0) throw new PickleError('it sets items of what is no dict');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  };
  const append = (target: PickleValue, items: readonly PickleValue[]): void => {
    if (!Array.isArray(target)) throw new PickleError('it appends to what is no list');
    for (const item of items) target.push(item);
  };

  for (;;) {
    const code = take(1)[0];
    switch (code) {
      case 0x80: // PROTO
        take(1);
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x2e: // STOP
        return { value: pop(), end: at };
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4b: // BININT1
        stack.push(take(1)[0]);
        break;
      case 0x4d: // BININT2
        stack.push(take(2).readUInt16LE());
        break;
      case 0x4a: // BININT
        stack.push(take(4).readInt32LE());
        break;
      case 0x8a: // LONG1
        stack.push(long(take(take(1)[0])));
        break;
      case 0x47: // BINFLOAT
        stack.push(take(8).readDoubleBE());
        break;
      case 0x58: // BINUNICODE
        stack.push(take(take(4).readUInt32LE()).toString('utf8'));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(take(take(1)[0]).toString('utf8'));
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x74: // TUPLE
        stack.push(popMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(popCount(code - 0x84));
        break;
      case 0x61: // APPEND
        append(...([pop(), top()].reverse() as [PickleValue, PickleValue[]]));
        break;
      case 0x65: {
        // APPENDS
        const items = popMark();
        append(top(), items);
        break;
      }
      case 0x73: {
        // SETITEM
        const items = popCount(2);
        setItems(top(), items);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = popMark();
        setItems(top(), items);
        break;
      }
      case 0x71: // BINPUT
        memo.set(take(1)[0], top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(take(4).readUInt32LE(), top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x68: // BINGET
        stack.push(recall(take(1)[0]));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(take(4).readUInt32LE()));
        break;
      case 0x63: // GLOBAL
        stack.push(global(line(), line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = popCount(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new PickleError('it names something by what is no text');
        stack.push(global(module, name));
        break;
      }
      case 0x51: {
        // BINPERSID
        const id = pop();
        if (!Array.isArray(id)) throw new PickleError('it has a persistent id that is no tuple');
        stack.push(new PersistentId(id));
        break;
      }
      case 0x52: {
        // REDUCE
        const [callee, args] = popCount(2);
        if (!(callee instanceof PickleGlobal) || !Object.hasOwn(callables, callee.name) || !Array.isArray(args))
          throw new PickleError('it calls what is no function of a state_dict');
        stack.push(callables[callee.name](args));
        break;
      }
      case 0x62: // BUILD: attributes of the dict, such as _metadata, which say nothing about weights
        pop();
        if (!(top() instanceof Map)) throw new PickleError('it sets attributes of what is no dict');
        break;
      default:
        throw new PickleError(`it holds the opcode 0x${code.toString(16)}, which no state_dict needs`);
    }
  }
}

/** Little-endian two's complement. */
function long(bytes: Buffer): number {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = Number(BigInt.asIntN(8 * bytes.length, value));
  if (!Number.isSafeInteger(signed)) throw new PickleError('it holds a number beyond 53 bits');
  return signed;
}
