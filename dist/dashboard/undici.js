"use strict";exports.id=869,exports.ids=[869],exports.modules={2869:(function(t,o,e){e.d(o,{EnvHttpProxyAgent:()=>r,Pool:()=>d,connect:()=>s});var s=e(3192),r=e(9221),d=e(5928)})};
