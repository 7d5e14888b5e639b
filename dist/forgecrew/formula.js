import{C as e,D as t,E as n,S as r,T as i,a,g as o,i as s,l as c,m as l,o as u,r as d,s as f,v as p,w as m,y as h}from"./plain.js";
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
function ee(e,t){let n=e.slice(0,t).split(/\r\n|\n|\r/g);return[n.length,n.pop().length+1]}function g(e,t,n){let r=e.split(/\r\n|\n|\r/g),i=``,a=(Math.log10(t+1)|0)+1;for(let e=t-1;e<=t+1;e++){let o=r[e-1];o&&(i+=e.toString().padEnd(a,` `),i+=`:  `,i+=o,i+=`
`,e===t&&(i+=` `.repeat(a+n+2),i+=`^
`))}return i}var _=class extends Error{line;column;codeblock;constructor(e,t){let[n,r]=ee(t.toml,t.ptr),i=g(t.toml,n,r);super(`Invalid TOML document: ${e}\n\n${i}`,t),this.line=n,this.column=r,this.codeblock=i}};
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
function v(e,t){let n=0;for(;e[t-++n]===`\\`;);return--n&&n%2}function y(e,t=0,n=e.length){let r=e.indexOf(`
`,t);return e[r-1]===`\r`&&r--,r<=n?r:-1}function b(e,t){for(let n=t;n<e.length;n++){let r=e[n];if(r===`
`)return n;if(r===`\r`&&e[n+1]===`
`)return n+1;if(r<` `&&r!==`	`||r===``)throw new _(`control characters are not allowed in comments`,{toml:e,ptr:t})}return e.length}function x(e,t,n,r){let i;for(;(i=e[t])===` `||i===`	`||!n&&(i===`
`||i===`\r`&&e[t+1]===`
`);)t++;return r||i!==`#`?t:x(e,b(e,t),n)}function S(e,t,n,r,i=!1){if(!r)return t=y(e,t),t<0?e.length:t;for(let a=t;a<e.length;a++){let t=e[a];if(t===`#`)a=y(e,a);else if(t===n)return a+1;else if(t===r||i&&(t===`
`||t===`\r`&&e[a+1]===`
`))return a}throw new _(`cannot find end of structure`,{toml:e,ptr:t})}function C(e,t){let n=e[t],r=n===e[t+1]&&e[t+1]===e[t+2]?e.slice(t,t+3):n;t+=r.length-1;do t=e.indexOf(r,++t);while(t>-1&&n!==`'`&&v(e,t));return t>-1&&(t+=r.length,r.length>1&&(e[t]===n&&t++,e[t]===n&&t++)),t}
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
let te=/^(\d{4}-\d{2}-\d{2})?[T ]?(?:(\d{2}):\d{2}:\d{2}(?:\.\d+)?)?(Z|[-+]\d{2}:\d{2})?$/i;var w=class e extends Date{#e=!1;#t=!1;#n=null;constructor(e){let t=!0,n=!0,r=`Z`;if(typeof e==`string`){let i=e.match(te);i?(i[1]||(t=!1,e=`0000-01-01T${e}`),n=!!i[2],n&&e[10]===` `&&(e=e.replace(` `,`T`)),i[2]&&+i[2]>23?e=``:(r=i[3]||null,e=e.toUpperCase(),!r&&n&&(e+=`Z`))):e=``}super(e),isNaN(this.getTime())||(this.#e=t,this.#t=n,this.#n=r)}isDateTime(){return this.#e&&this.#t}isLocal(){return!this.#e||!this.#t||!this.#n}isDate(){return this.#e&&!this.#t}isTime(){return this.#t&&!this.#e}isValid(){return this.#e||this.#t}toISOString(){let e=super.toISOString();if(this.isDate())return e.slice(0,10);if(this.isTime())return e.slice(11,23);if(this.#n===null)return e.slice(0,-1);if(this.#n===`Z`)return e;let t=this.#n.slice(1,3)*60+ +this.#n.slice(4,6);return t=this.#n[0]===`-`?t:-t,(/* @__PURE__ */ new Date(this.getTime()-t*6e4)).toISOString().slice(0,-1)+this.#n}static wrapAsOffsetDateTime(t,n=`Z`){let r=new e(t);return r.#n=n,r}static wrapAsLocalDateTime(t){let n=new e(t);return n.#n=null,n}static wrapAsLocalDate(t){let n=new e(t);return n.#t=!1,n.#n=null,n}static wrapAsLocalTime(t){let n=new e(t);return n.#e=!1,n.#n=null,n}};
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
let T=/^((0x[0-9a-fA-F](_?[0-9a-fA-F])*)|(([+-]|0[ob])?\d(_?\d)*))$/,E=/^[+-]?\d(_?\d)*(\.\d(_?\d)*)?([eE][+-]?\d(_?\d)*)?$/,D=/^[+-]?0[0-9_]/,O=/^[0-9a-f]{4,8}$/i,k={b:`\b`,t:`	`,n:`
`,f:`\f`,r:`\r`,'"':`"`,"\\":`\\`};function A(e,t=0,n=e.length){let r=e[t]===`'`,i=e[t++]===e[t]&&e[t]===e[t+1];i&&(n-=2,e[t+=2]===`\r`&&t++,e[t]===`
`&&t++);let a=0,o,s=``,c=t;for(;t<n-1;){let n=e[t++];if(n===`
`||n===`\r`&&e[t]===`
`){if(!i)throw new _(`newlines are not allowed in strings`,{toml:e,ptr:t-1})}else if(n<` `&&n!==`	`||n===``)throw new _(`control characters are not allowed in strings`,{toml:e,ptr:t-1});if(o){if(o=!1,n===`u`||n===`U`){let r=e.slice(t,t+=n===`u`?4:8);if(!O.test(r))throw new _(`invalid unicode escape`,{toml:e,ptr:a});try{s+=String.fromCodePoint(parseInt(r,16))}catch{throw new _(`invalid unicode escape`,{toml:e,ptr:a})}}else if(i&&(n===`
`||n===` `||n===`	`||n===`\r`)){if(t=x(e,t-1,!0),e[t]!==`
`&&e[t]!==`\r`)throw new _(`invalid escape: only line-ending whitespace may be escaped`,{toml:e,ptr:a});t=x(e,t)}else if(n in k)s+=k[n];else throw new _(`unrecognized escape sequence`,{toml:e,ptr:a});c=t}else!r&&n===`\\`&&(a=t-1,o=!0,s+=e.slice(c,a))}return s+e.slice(c,n-1)}function j(e,t,n,r){if(e===`true`)return!0;if(e===`false`)return!1;if(e===`-inf`)return-1/0;if(e===`inf`||e===`+inf`)return 1/0;if(e===`nan`||e===`+nan`||e===`-nan`)return NaN;if(e===`-0`)return r?0n:0;let i=T.test(e);if(i||E.test(e)){if(D.test(e))throw new _(`leading zeroes are not allowed`,{toml:t,ptr:n});e=e.replace(/_/g,``);let a=+e;if(isNaN(a))throw new _(`invalid number`,{toml:t,ptr:n});if(i){if((i=!Number.isSafeInteger(a))&&!r)throw new _(`integer value cannot be represented losslessly`,{toml:t,ptr:n});(i||r===!0)&&(a=BigInt(e))}return a}let a=new w(e);if(!a.isValid())throw new _(`invalid value`,{toml:t,ptr:n});return a}
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
function M(e,t,n,r){let i=e.slice(t,n),a=i.indexOf(`#`);a>-1&&(b(e,a),i=i.slice(0,a));let o=i.trimEnd();if(!r){let n=i.indexOf(`
`,o.length);if(n>-1)throw new _(`newlines are not allowed in inline tables`,{toml:e,ptr:t+n})}return[o,a]}function N(e,t,n,r,i){if(r===0)throw new _(`document contains excessively nested structures. aborting.`,{toml:e,ptr:t});let a=e[t];if(a===`[`||a===`{`){let[o,s]=a===`[`?F(e,t,r,i):re(e,t,r,i),c=n?S(e,s,`,`,n):s;if(s-c&&n===`}`){let t=y(e,s,c);if(t>-1)throw new _(`newlines are not allowed in inline tables`,{toml:e,ptr:t})}return[o,c]}let o;if(a===`"`||a===`'`){o=C(e,t);let r=A(e,t,o);if(n){if(o=x(e,o,n!==`]`),e[o]&&e[o]!==`,`&&e[o]!==n&&e[o]!==`
`&&e[o]!==`\r`)throw new _(`unexpected character encountered`,{toml:e,ptr:o});o+=+(e[o]===`,`)}return[r,o]}o=S(e,t,`,`,n);let s=M(e,t,o-+(e[o-1]===`,`),n===`]`);if(!s[0])throw new _(`incomplete key-value declaration: no value specified`,{toml:e,ptr:t});return n&&s[1]>-1&&(o=x(e,t+s[1]),o+=+(e[o]===`,`)),[j(s[0],e,t,i),o]}
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
let ne=/^[a-zA-Z0-9-_]+[ \t]*$/;function P(e,t,n=`=`){let r=t-1,i=[],a=e.indexOf(n,t);if(a<0)throw new _(`incomplete key-value: cannot find end of key`,{toml:e,ptr:t});do{let o=e[t=++r];if(o!==` `&&o!==`	`){if(o===`"`||o===`'`){if(o===e[t+1]&&o===e[t+2])throw new _(`multiline strings are not allowed in keys`,{toml:e,ptr:t});let s=C(e,t);if(s<0)throw new _(`unfinished string encountered`,{toml:e,ptr:t});r=e.indexOf(`.`,s);let c=e.slice(s,r<0||r>a?a:r),l=y(c);if(l>-1)throw new _(`newlines are not allowed in keys`,{toml:e,ptr:t+r+l});if(c.trimStart())throw new _(`found extra tokens after the string part`,{toml:e,ptr:s});if(a<s&&(a=e.indexOf(n,s),a<0))throw new _(`incomplete key-value: cannot find end of key`,{toml:e,ptr:t});i.push(A(e,t,s))}else{r=e.indexOf(`.`,t);let n=e.slice(t,r<0||r>a?a:r);if(!ne.test(n))throw new _(`only letter, numbers, dashes and underscores are allowed in keys`,{toml:e,ptr:t});i.push(n.trimEnd())}}}while(r+1&&r<a);return[i,x(e,a+1,!0,!0)]}function re(e,t,n,r){let i={},a=/* @__PURE__ */ new Set,o,s=0;for(t++;(o=e[t++])!==`}`&&o;){let c={toml:e,ptr:t-1};if(o===`
`)throw new _(`newlines are not allowed in inline tables`,c);if(o===`#`)throw new _(`inline tables cannot contain comments`,c);if(o===`,`)throw new _(`expected key-value, found comma`,c);if(o!==` `&&o!==`	`){let o,c=i,l=!1,[u,d]=P(e,t-1);for(let n=0;n<u.length;n++){if(n&&(c=l?c[o]:c[o]={}),o=u[n],(l=Object.hasOwn(c,o))&&(typeof c[o]!=`object`||a.has(c[o])))throw new _(`trying to redefine an already defined value`,{toml:e,ptr:t});!l&&o===`__proto__`&&Object.defineProperty(c,o,{enumerable:!0,configurable:!0,writable:!0})}if(l)throw new _(`trying to redefine an already defined value`,{toml:e,ptr:t});let[f,p]=N(e,d,`}`,n-1,r);a.add(f),c[o]=f,t=p,s=e[t-1]===`,`?t-1:0}}if(s)throw new _(`trailing commas are not allowed in inline tables`,{toml:e,ptr:s});if(!o)throw new _(`unfinished table encountered`,{toml:e,ptr:t});return[i,t]}function F(e,t,n,r){let i=[],a;for(t++;(a=e[t++])!==`]`&&a;)if(a===`,`)throw new _(`expected value, found comma`,{toml:e,ptr:t-1});else if(a===`#`)t=b(e,t);else if(a!==` `&&a!==`	`&&a!==`
`&&a!==`\r`){let a=N(e,t-1,`]`,n-1,r);i.push(a[0]),t=a[1]}if(!a)throw new _(`unfinished array encountered`,{toml:e,ptr:t});return[i,t]}
/*!
* Copyright (c) Squirrel Chat et al., All rights reserved.
* SPDX-License-Identifier: BSD-3-Clause
*
* Redistribution and use in source and binary forms, with or without
* modification, are permitted provided that the following conditions are met:
*
* 1. Redistributions of source code must retain the above copyright notice, this
*    list of conditions and the following disclaimer.
* 2. Redistributions in binary form must reproduce the above copyright notice,
*    this list of conditions and the following disclaimer in the
*    documentation and/or other materials provided with the distribution.
* 3. Neither the name of the copyright holder nor the names of its contributors
*    may be used to endorse or promote products derived from this software without
*    specific prior written permission.
*
* THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
* ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
* WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
* DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
* FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
* DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
* SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
* CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
* OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
* OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
*/
function I(e,t,n,r){let i=t,a=n,o,s=!1,c;for(let t=0;t<e.length;t++){if(t){if(i=s?i[o]:i[o]={},a=(c=a[o]).c,r===0&&(c.t===1||c.t===2))return null;if(c.t===2){let e=i.length-1;i=i[e],a=a[e].c}}if(o=e[t],(s=Object.hasOwn(i,o))&&a[o]?.t===0&&a[o]?.d)return null;s||(o===`__proto__`&&(Object.defineProperty(i,o,{enumerable:!0,configurable:!0,writable:!0}),Object.defineProperty(a,o,{enumerable:!0,configurable:!0,writable:!0})),a[o]={t:t<e.length-1&&r===2?3:r,d:!1,i:0,c:{}})}if(c=a[o],c.t!==r&&(r!==1||c.t!==3)||(r===2&&(c.d||(c.d=!0,i[o]=[]),i[o].push(i={}),c.c[c.i++]=c={t:1,d:!1,i:0,c:{}}),c.d))return null;if(c.d=!0,r===1)i=s?i[o]:i[o]={};else if(r===0&&s)return null;return[o,i,c.c]}function L(e,{maxDepth:t=1e3,integersAsBigInt:n}={}){let r={},i={},a=r,o=i;for(let s=x(e,0);s<e.length;){if(e[s]===`[`){let t=e[++s]===`[`,n=P(e,s+=+t,`]`);if(t){if(e[n[1]-1]!==`]`)throw new _(`expected end of table declaration`,{toml:e,ptr:n[1]-1});n[1]++}let c=I(n[0],r,i,t?2:1);if(!c)throw new _(`trying to redefine an already defined table or value`,{toml:e,ptr:s});o=c[2],a=c[1],s=n[1]}else{let r=P(e,s),i=I(r[0],a,o,0);if(!i)throw new _(`trying to redefine an already defined table or value`,{toml:e,ptr:s});let c=N(e,r[1],void 0,t,n);i[1][i[0]]=c[0],s=c[1]}if(s=x(e,s,!0),e[s]&&e[s]!==`
`&&e[s]!==`\r`)throw new _(`each key-value declaration must be followed by an end-of-line`,{toml:e,ptr:s});s=x(e,s)}return r}const R=65536;function z(e,t,n){let r=(t,n,r)=>({ok:!1,faults:[{file:e,line:t,column:n,message:r}]});if(t.length>R)return r(0,0,`is ${t.length} bytes long; at most ${R} are read`);let i;try{i=new TextDecoder(`utf-8`,{fatal:!0,ignoreBOM:!0}).decode(t)}catch{return r(0,0,`is no UTF-8: save it as UTF-8`)}let a;try{a=L(i)}catch(e){if(!(e instanceof _))throw e;let[,t=`unreadable`]=/^Invalid TOML document: (.*)/.exec(e.message)??[];return r(e.line,e.column,`is no TOML 1.0: ${t}`)}let o=n.safeParse(a);return o.success?{ok:!0,document:o.data}:{ok:!1,faults:o.error.issues.flatMap(t=>{let n=t.path.map(String);return(t.code===`unrecognized_keys`?t.keys:[void 0]).map(r=>{let a=V(i,r===void 0?n:[...n,r]),o=r===void 0?B(t,n):`${d([...n,r].join(`.`))}: no such field`;return{file:e,...a,message:o}})})}}function B(e,t){let n=t.length===0?`the document`:d(t.join(`.`));return e.code===`invalid_type`?`${n}: expected ${e.expected}`:e.code===`invalid_value`?`${n}: expected ${(e.values??[]).join(` or `)}`:`${n}: ${e.message}`}function V(e,t){let n=e.split(`
`),r=0;for(let e of t){let t=n.findIndex((t,n)=>n>=r&&H(t,e));if(t<0)break;r=t+1}return{line:r,column:r===0?0:(n[r-1]??``).search(/\S/)+1}}function H(e,t){return(/^\s*\[{0,2}\s*([^=\]#]{1,200})/.exec(e)?.[1]??``).split(`.`).map(e=>e.trim().replace(/^(["'])(.*)\1$/,`$2`)).includes(t)}const U=[`low`,`medium`,`high`],W=`vault/actions`,G=/^[a-z0-9][a-z0-9-]{0,62}$/,K=h().check(t(G,`lower-case letters, digits and hyphens, at most 63`)),q=h().check(t(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/,`a name of letters, digits and underscores`)),J=h().check(i(4e3)),Y=a(h().check(n(1),i(200))).check(i(50)),X=a(h().check(t(/^#\d{1,9}$/,`issues as "#12"`))).check(i(100)),ie=p({id:l(K),formula:K,context:J,secrets:a(q).check(i(50)),timeout_minutes:l(f().check(e(1),m(1440))),blast_radius:l(s(U)),unblocks:l(X),mounts:l(Y),model:l(h().check(n(1),i(200))),tools:l(Y),inputs:l(o(h(),h().check(i(4e3))))}),ae=p({id:l(K),context:l(J),unblocks:l(X),action_required:p({description:h()})});function oe(e,t){let n=(e.split(`/`).at(-1)??``).replace(/\.toml$/,``),i=z(e,t,c({action_required:r()})),a=(i.ok&&i.document.action_required!==void 0?i.document:void 0)===void 0?z(e,t,ie):z(e,t,ae),o=a.ok?[]:[...a.faults];if(G.test(n)||o.push({file:e,line:0,column:0,message:`the file name is the id: lower-case letters, digits and hyphens, at most 63, and .toml`}),a.ok&&a.document.id!==void 0&&a.document.id!==n&&o.push({file:e,line:0,column:0,message:`"id" is ${a.document.id}, but the file is ${n}.toml`}),!a.ok||o.length>0)return{ok:!1,faults:o};let{document:s}=a;return{ok:!0,document:`action_required`in s?{...s,kind:`human`,id:n,file:e}:{...s,kind:`formula`,id:n,file:e}}}const se=[`action`,`nonce`,`mounts`,`model`,`tools`],Z=[`forgejo-workflow`,`woodpecker-pipeline`],Q=a(h().check(n(1),i(200))).check(i(50)),ce=p({required:l(u()),one_of:l(a(h().check(i(4e3))).check(n(1),i(200))),pattern:l(h().check(i(200))),max_length:l(f().check(e(1),m(4e3)))}),le=p({description:h().check(i(4e3)),secrets:a(q).check(i(50)),timeout_minutes:f().check(e(1),m(1440)),tier:l(s(U)),mounts:l(Q),model:l(Q),tools:l(Q),inputs:l(o(h().check(t(/^[a-z][a-z0-9_-]{0,62}$/)),ce)),run:p({backend:s(Z),repo:l(h().check(t(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\/[A-Za-z0-9_.-]+$/,`owner/name`))),workflow:h().check(t(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,`the name of a workflow file`)),ref:l(h().check(t(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$/,`a branch`)))})});function $(e,t){let n=(e.split(`/`).at(-1)??``).replace(/\.toml$/,``),r=z(e,t,le);if(!r.ok)return r;let i=t=>({ok:!1,faults:[{file:e,line:0,column:0,message:t}]});for(let[e,{pattern:t}]of Object.entries(r.document.inputs??{})){if(se.includes(e))return i(`"inputs.${e}": the dispatcher gives an input of this name itself`);if(t!==void 0&&ue(t)===void 0)return i(`"inputs.${e}.pattern": only characters, classes, \`?\`, \`*\`, \`+\` and \`{n,m}\` after single ones are understood; no groups, alternatives or back references`)}return{ok:!0,document:{...r.document,name:n,file:e}}}function ue(e){let t=/(?:\[\^?(?:\\[\\\]^dws-]|[^\\\][])+\]|\\[\\.[\](){}^$*+?|/dws-]|[^\\.[\](){}^$*+?|]|\.)(\*|\+|\?|\{\d{1,4}(?:,\d{0,4})?\})?/uy,n=e.replace(/^\^/,``).replace(/(?<!\\)\$$/,``),r=0;for(;t.lastIndex<n.length;){let e=t.exec(n);if(e===null)return;e[1]!==void 0&&/^[*+]|,\}$/.test(e[1])&&(r+=1)}if(!(r>1))return RegExp(`^(?:${n})$`,`u`)}export{W as a,U as i,$ as n,z as o,oe as r,Z as t};