/**
 * The report's style sheet: one constant, whose hash is the only style that the page's policy allows. Light and dark by
 * the reader's setting, one column from 360 px on, paper without colour. Text has a contrast of at least 4.5:1 on its
 * ground; severity is always a word, its colour only helps.
 */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f5f6f4;--panel:#fff;--ink:#171b20;--muted:#525b66;--line:#d5dadd;--soft:#eceff0;--accent:#15577f;
--all:#cdd6dd;--refused:#6f9bbd;--alerted:#b3400a;--mark:#ffe08a;--mark-ink:#2a1e00;
--critical:#6d1245;--high:#a32a12;--medium:#845200;--low:#2b5f86;--info:#59636e;--chip-ink:#fff;
--good:#1d6b4a;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;--serif:Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,serif;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{--bg:#111518;--panel:#191f24;--ink:#e8ebee;--muted:#a7b1bb;--line:#333c45;--soft:#222a31;--accent:#86c6f2;
--all:#3b4751;--refused:#5d91b8;--alerted:#f2935c;--mark:#6b5200;--mark-ink:#fff3cf;
--critical:#f3abd2;--high:#f9a48d;--medium:#f0c36a;--low:#93c8ee;--info:#b6bfc9;--chip-ink:#11161a;--good:#7fd0a8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 var(--sans);overflow-wrap:anywhere}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.page{max-width:62rem;margin:0 auto;padding:0 1.25rem 4rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--panel);padding:.5rem 1rem;z-index:2}
header{padding:2.2rem 0 .4rem}
.marking{margin:0 0 .9rem;font-size:.84rem;font-weight:650;letter-spacing:.01em}
.brand{display:flex;align-items:center;gap:.55rem;font-weight:650;letter-spacing:.01em;color:var(--muted);font-size:.92rem}
.brand svg{flex:none}
h1{font:600 clamp(1.55rem,1.1rem + 2vw,2.35rem)/1.18 var(--serif);margin:.7rem 0 .25rem;text-wrap:balance}
h2{font:600 clamp(1.2rem,1.05rem + .7vw,1.5rem)/1.25 var(--serif);margin:0 0 .35rem}
h3{font-size:1.06rem;line-height:1.35;margin:0;font-weight:650}
h4,h3.minor{font-size:.82rem;margin:1.1rem 0 .3rem;color:var(--muted);font-weight:650;letter-spacing:.02em}
p{margin:.35rem 0}
.muted,.period,figcaption,.lead{color:var(--muted)}
.small{font-size:.875rem}
section{margin-top:2.8rem}
section>.lead{max-width:46rem;margin:0 0 1rem}
nav ul{list-style:none;padding:0;margin:1.1rem 0 0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.9rem}
.answer{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:1.4rem 1.5rem 1.2rem;margin-top:1.4rem}
.answer .first{font:500 clamp(1.15rem,1rem + .75vw,1.42rem)/1.4 var(--serif);margin:0 0 .4rem;text-wrap:pretty}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.9rem 1.4rem;margin:1.2rem 0 0;padding:1rem 0 0;border-top:1px solid var(--line)}
.figures div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dt{color:var(--muted);font-size:.84rem;line-height:1.35}
.figures dd{margin:0;font:600 1.5rem/1.2 var(--serif);font-variant-numeric:tabular-nums}
.chip{display:inline-block;padding:.1rem .55rem;border-radius:4px;font-size:.78rem;font-weight:700;line-height:1.5;background:var(--info);color:var(--chip-ink);white-space:nowrap}
.chip.critical{background:var(--critical)}.chip.high{background:var(--high)}.chip.medium{background:var(--medium)}.chip.low{background:var(--low)}
.tag{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:.03rem .6rem;font-size:.8rem;color:var(--muted);background:var(--panel)}
.tag.tailored{color:var(--ink);border-color:var(--ink);font-weight:600}
.things{list-style:none;padding:0;margin:0;display:grid;gap:1rem}
.thing{background:var(--panel);border:1px solid var(--line);border-left:6px solid var(--info);border-radius:8px;padding:1.05rem 1.3rem 1.1rem}
.thing.critical{border-left-color:var(--critical)}.thing.high{border-left-color:var(--high)}.thing.medium{border-left-color:var(--medium)}.thing.low{border-left-color:var(--low)}
.thing .title{display:flex;flex-wrap:wrap;gap:.35rem .7rem;align-items:center}
.thing .title h3{font-size:1.16rem}
.thing .title .tag{margin-left:auto}
.thing .who{margin:.3rem 0 .7rem;color:var(--muted);font-size:.92rem}
.facts{display:grid;grid-template-columns:8.6rem 1fr;gap:.5rem 1rem;margin:0}
.facts dt{font-weight:650;font-size:.9rem;padding-top:.05rem}
.facts dd{margin:0}
.facts ol,.facts ul{margin:0;padding-left:1.15rem}
.facts li+li{margin-top:.2rem}
.do{background:var(--soft);border-radius:6px;padding:.55rem .8rem}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:1.1rem 1.3rem}
.note{border-left:3px solid var(--line);padding:.1rem 0 .1rem .9rem;color:var(--muted);font-size:.9rem;max-width:46rem;margin:1rem 0 0}
figure{margin:0}
figcaption{font-size:.875rem;margin-bottom:.7rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.3rem;list-style:none;padding:0;margin:0 0 .6rem;font-size:.875rem}
.legend svg{margin-right:.4rem;vertical-align:-1px}
.plot{display:grid;grid-template-columns:46px minmax(0,1fr)}
svg{display:block}
.legend svg,.brand svg{display:inline-block}
svg text{font:12px var(--sans);fill:var(--muted)}
svg text.day{font-weight:650}
svg text.peak{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--panel);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--line);stroke-width:1}
.ground,.tick{stroke:var(--muted);stroke-width:1}
.bar-all{fill:var(--all)}.bar-refused{fill:var(--refused)}.bar-alerted{fill:var(--alerted)}.track{fill:var(--soft)}
.bars{overflow:visible}
table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:.875rem;padding-bottom:.4rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem .45rem 0;border-bottom:1px solid var(--line)}
thead th{font-size:.82rem;color:var(--muted);font-weight:600;vertical-align:bottom}
tbody th{font-weight:550}
tbody th .small{font-weight:400}
tr:last-child>td,tr:last-child>th{border-bottom:0}
.num{text-align:right}
td.num{white-space:nowrap}
th .inline-bar{margin-top:.4rem}
td.bar{padding-top:.85rem}
.w-name{width:32%}.w-num{width:6.4rem}.w-state{width:8.5rem}.w-fix{width:30%}.w-place{width:8.5rem}.w-time{width:13rem}.w-period{width:11.5rem}.w-sev{width:5.5rem}
.split{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem}
details>summary{cursor:pointer}
details.more{margin-top:.8rem}
details.more>summary{color:var(--accent);font-size:.92rem}
.alerts{display:grid;gap:.5rem}
.alert{background:var(--panel);border:1px solid var(--line);border-radius:7px}
.alert>summary{display:grid;grid-template-columns:5.2rem minmax(0,1.25fr) minmax(0,1.35fr) minmax(0,1.1fr);gap:.2rem .9rem;align-items:baseline;padding:.6rem 1rem .6rem 1.9rem;list-style:none;position:relative}
.alert>summary::-webkit-details-marker{display:none}
.alert>summary::before{content:"";position:absolute;left:.85rem;top:1.02rem;border:5px solid transparent;border-left-color:var(--muted)}
.alert[open]>summary::before{transform:rotate(90deg);left:.7rem;top:1.06rem}
.alert>summary .chip{justify-self:start}
.alert>summary .name{font-weight:600}
.alert>summary .small{color:var(--muted)}
.alert .body{padding:.2rem 1.3rem 1.2rem 1.9rem;border-top:1px solid var(--line)}
.alert .facts{margin-top:.8rem}
.lines{list-style:none;padding:0;margin:.3rem 0 0}
.lines li{margin-top:.5rem}
code,.lines code{font:.82rem/1.5 var(--mono)}
.lines code{display:block;background:var(--soft);border-radius:5px;padding:.45rem .65rem;white-space:pre-wrap}
mark{background:var(--mark);color:var(--mark-ink);border-radius:2px;padding:0 .1em;font-weight:600}
.state{font-weight:650;white-space:nowrap}
.state.works{color:var(--good)}.state.cannot{color:var(--high)}.state.partly{color:var(--medium)}
footer{margin-top:3.2rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.875rem}
@media (max-width:40rem){
.page{padding:0 1rem 3rem}
header{padding-top:1.3rem}
.answer,.panel{padding:1rem}
.thing{padding:.9rem 1rem 1rem}
.thing .title .tag{margin-left:0}
.facts{grid-template-columns:minmax(0,1fr);gap:.1rem}
.facts dd{margin-bottom:.65rem}
.figures{grid-template-columns:repeat(2,minmax(0,1fr))}
.thin{display:none}
.alert>summary{grid-template-columns:minmax(0,1fr)}
.alert .body{padding:.2rem 1rem 1rem}
table.stack thead{position:absolute;left:-99rem}
table.stack caption,table.stack,table.stack tbody,table.stack tr,table.stack td,table.stack th{display:block;width:auto}
table.stack tr{padding:.6rem 0;border-bottom:1px solid var(--line)}
table.stack tr:last-child{border-bottom:0}
table.stack td,table.stack th{border:0;padding:.1rem 0;text-align:left}
table.stack td[data-label]{display:grid;grid-template-columns:8rem minmax(0,1fr);gap:.6rem;align-items:baseline}
table.stack td[data-label]::before{content:attr(data-label);color:var(--muted);font-size:.84rem}
table.stack td .chip{justify-self:start}
table.stack td.bar{padding:.35rem 0;width:auto;display:block}
}
@media print{
:root{--bg:#fff;--panel:#fff;--ink:#000;--muted:#444;--line:#bbb;--soft:#f3f3f3;--chip-ink:#fff;--critical:#6d1245;--high:#a32a12;--medium:#845200;--low:#2b5f86;--info:#59636e;--all:#d5d5d5;--refused:#8fa9bd;--alerted:#7a2a05;--mark:#ffe08a;--mark-ink:#2a1e00;--accent:#000;--good:#1d6b4a}
body{font-size:10.5pt}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.page{max-width:none;padding:0}
nav,.skip{display:none}
section{margin-top:1.6rem}
.thing,.alert,figure,tr,.lines li{break-inside:avoid}
h2,h3,h4{break-after:avoid}
.few>.alert::details-content{content-visibility:visible;block-size:auto}
details.more:not([open]){display:none}
}
`;
