import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compiledAtOnce } from '../../scripts/build/eager.ts';

/** A compiled program as ncc and terser give it. */
const program = (module: string): string =>
  `(()=>{"use strict";var m={12:${module},34:e=>{e.exports=2}},e={};m[12](e,m);result=e.exports})();`;

function resultOf(text: string): unknown {
  const scope: Record<string, unknown> = { result: undefined };
  runInNewContext(text, scope);
  return scope.result;
}

describe('a program that is compiled at once', () => {
  it('has functions in parentheses for the whole and for its modules, and does the same', () => {
    const text = program('(e,m)=>{const t={};m[34](t),e.exports=t.exports+1}');

    expect(compiledAtOnce(text)).toBe(
      '(function(){"use strict";var m={12:(function(e,m){const t={};m[34](t),e.exports=t.exports+1}),34:(function(e){e.exports=2})},e={};m[12](e,m);result=e.exports})();',
    );
    expect(resultOf(compiledAtOnce(text))).toBe(resultOf(text));
  });

  it.each([
    'e=>{e.exports=typeof this}',
    'e=>{e.exports=(()=>typeof this)()}',
    'e=>{e.exports=arguments.length}',
  ])('keeps the arrow function of %s, which a function of its own would answer in another way', (module) => {
    const text = `(function(){var m={12:${module}},e={};m[12](e);result=e.exports}).call("x",1,2);`;

    expect(compiledAtOnce(text)).toBe(text);
  });

  it('changes one where only a function inside has such words', () => {
    const text = program('e=>{e.exports=function(){return this===undefined}.call(undefined)}');

    expect(compiledAtOnce(text)).toContain('12:(function(e){');
    expect(resultOf(compiledAtOnce(text))).toBe(resultOf(text));
  });

  it('leaves objects alone that hold anything else', () => {
    const text = 'var a={1:e=>{e()},two:e=>{e()}},b={1:e=>{e()},2:3},c={};';

    expect(compiledAtOnce(text)).toBe(text);
  });
});
