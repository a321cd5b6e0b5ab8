"""How explorers look: colours that follow the notebook's theme, and the page's small mends.

The colours start from the Okabe–Ito palette (safe for colour-blind readers) and are mixed with the
theme's own text colour, so they darken on white and lighten on black without asking which it is.
"""

CSS = """
.ftx{
 --ftx-ink:var(--jp-content-font-color1,var(--vscode-foreground,var(--colab-primary-text-color,#24292f)));
 --ftx-paper:var(--jp-layout-color1,var(--vscode-editor-background,var(--colab-primary-surface-color,#fff)));
 --ftx-soft:color-mix(in srgb,var(--ftx-ink) 72%,var(--ftx-paper));
 --ftx-rule:color-mix(in srgb,var(--ftx-ink) 16%,var(--ftx-paper));
 --ftx-wash:color-mix(in srgb,var(--ftx-ink) 5%,var(--ftx-paper));
 --ftx-blue:color-mix(in srgb,#0072b2 70%,var(--ftx-ink));
 --ftx-ochre:color-mix(in srgb,#d55e00 80%,var(--ftx-ink));
 --ftx-green:color-mix(in srgb,#00805c 70%,var(--ftx-ink));
 --ftx-plum:color-mix(in srgb,#a8509a 70%,var(--ftx-ink));
 max-width:1080px;box-sizing:border-box;padding:14px 16px 16px!important;margin:6px 0!important;
 border:1px solid var(--ftx-rule);border-radius:10px;background:var(--ftx-paper);color:var(--ftx-ink)}
.ftx .widget-html,.ftx .jupyter-widget-html{width:auto;overflow:visible;margin:0}
.ftx .widget-html-content{line-height:1.45;font-size:14px;overflow:visible;
 font-family:var(--jp-content-font-family,system-ui,sans-serif);color:var(--ftx-ink);width:100%;
 white-space:normal}
.ftx p{margin:0}
.ftx .ftx-title{font-size:17px;font-weight:650;letter-spacing:-.005em}
.ftx .ftx-lead{color:var(--ftx-soft);margin-top:2px;max-width:80ch}
.ftx .ftx-say{font-size:15px;margin-top:8px;padding:8px 12px;border-left:3px solid var(--ftx-blue);
 background:var(--ftx-wash);border-radius:0 6px 6px 0}
.ftx .ftx-say.right{border-color:var(--ftx-green)}
.ftx .ftx-say.wrong{border-color:var(--ftx-ochre)}
.ftx .ftx-box{container-type:inline-size;padding-top:12px}
.ftx .ftx-grid{display:grid;gap:16px 22px;grid-template-columns:minmax(0,1fr);align-items:start}
@container (min-width:580px){.ftx .ftx-grid{grid-template-columns:repeat(2,minmax(0,1fr))}
 .ftx .ftx-rest{grid-column:1/-1}}
@container (min-width:580px) and (max-width:699px){.ftx .ftx-threes{grid-template-columns:minmax(0,1fr)}}
@container (min-width:700px){.ftx .ftx-threes{grid-template-columns:repeat(3,minmax(0,1fr))}}
@container (min-width:880px){.ftx .ftx-grid{grid-template-columns:repeat(3,minmax(0,1fr))}
 .ftx .ftx-rest{grid-column:auto} .ftx .ftx-two{grid-column:span 2}}
.ftx .ftx-full{grid-column:1/-1}
.ftx figure{margin:0}
.ftx figcaption{font-weight:600;font-size:13.5px;margin-bottom:2px}
.ftx svg{display:block;width:100%;max-width:370px;height:auto}
.ftx svg text{font-family:var(--jp-content-font-family,system-ui,sans-serif)}
.ftx table{border-collapse:collapse;width:100%;margin:0;font-size:13.5px;
 font-variant-numeric:tabular-nums;border:0;table-layout:auto}
.ftx caption{text-align:left;font-weight:600;font-size:13.5px;padding:0 0 4px;
 color:var(--ftx-ink);caption-side:top}
.ftx th,.ftx td{padding:4px 10px 4px 0;text-align:left;vertical-align:baseline;
 border:0;border-bottom:1px solid var(--ftx-rule);background:none;color:var(--ftx-ink);
 font-weight:400;white-space:normal;max-width:none}
.ftx thead th{color:var(--ftx-soft);font-size:12.5px}
.ftx tbody th{font-weight:550}
.ftx tbody tr{background:none!important}
.ftx th.num,.ftx td.num{text-align:right;padding-right:2px;padding-left:10px}
.ftx .ftx-scroll{max-height:262px;overflow:auto}
.ftx .ftx-scroll thead th{position:sticky;top:0;background:var(--ftx-paper)}
@container (min-width:560px){.ftx td.num,.ftx th.num{white-space:nowrap}}
@container (max-width:559px){.ftx .spare{display:none} .ftx table{font-size:12.5px}
 .ftx td,.ftx th{overflow-wrap:anywhere;padding-right:6px}
 .ftx :is(td,th):last-child{white-space:nowrap} .ftx tbody th{overflow-wrap:normal}}
@container (max-width:760px){.ftx .aside{display:none}}
.ftx .jupyter-button{height:auto;min-height:30px;line-height:20px;width:auto;padding:4px 14px;border-radius:8px;font-size:13.5px;
 font-weight:500;border:1px solid color-mix(in srgb,var(--ftx-ink) 45%,var(--ftx-paper));background:transparent;
 color:var(--ftx-ink);box-shadow:none;white-space:normal}
.ftx .jupyter-button:hover:enabled{background:var(--ftx-wash);box-shadow:none;border-color:var(--ftx-ink)}
.ftx .jupyter-button.ftx-main{background:var(--ftx-blue);border-color:var(--ftx-blue);color:var(--ftx-paper)}
.ftx .jupyter-button.ftx-main:hover:enabled{background:var(--ftx-blue);filter:brightness(1.12)}
.ftx .jupyter-button:disabled{opacity:1;border-style:dashed;color:var(--ftx-soft)}
.ftx :is(input[type=number],select){border-radius:6px!important;color:var(--ftx-ink)!important;
 background-color:var(--ftx-paper)!important;
 border:1px solid color-mix(in srgb,var(--ftx-ink) 45%,var(--ftx-paper))!important}
.ftx :is(.widget-checkbox,.widget-label-basic){height:auto;max-width:100%;white-space:normal;line-height:1.4}
.ftx :is(.widget-radio,.widget-radio-box){width:auto;max-width:100%;height:auto}
.ftx .widget-radio-box{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,255px),1fr));gap:0 14px}
.ftx .widget-radio{width:100%}
.ftx .widget-radio-box label{height:auto;white-space:normal;line-height:1.4;padding:3px 0;font-size:14px}
.ftx select{background-repeat:no-repeat!important;background-size:5px 5px!important;
 background-image:linear-gradient(45deg,transparent 50%,var(--ftx-ink) 50%),
 linear-gradient(135deg,var(--ftx-ink) 50%,transparent 50%)!important;
 background-position:calc(100% - 14px) 55%,calc(100% - 9px) 55%!important}
.ftx .ftx-row{flex-flow:row wrap;gap:2px 14px;align-items:center;overflow:visible}
.ftx .widget-label,.ftx .jupyter-widgets{color:var(--ftx-ink)}
.ftx .noUi-handle:focus-visible,.ftx input:focus-visible,
.ftx button:focus-visible,.ftx select:focus-visible,
.ftx .widget-readout:focus-visible,.ftx summary:focus-visible,
.ftx .ftx-scroll:focus-visible{outline:2px solid var(--ftx-blue)!important;outline-offset:2px}
.ftx summary{cursor:pointer;font-size:13.5px;font-weight:600}
"""

# ipywidgets 8 draws a slider's handle and its editable read-out without a name, so that a screen reader
# says only "slider"; it has no Python option for it. This gives both the visible label, and makes the
# sentence under the controls a live region. Where a front end forbids inline scripts, nothing else changes.
NAME_THE_PARTS = """
const root=this.closest('.ftx');
const name=()=>root.querySelectorAll('.widget-slider').forEach(slider=>{
 const words=slider.querySelector('.widget-label')?.textContent;
 const handle=slider.querySelector('.noUi-handle'),readout=slider.querySelector('.widget-readout');
 if(handle&&!handle.ariaLabel)handle.ariaLabel=words;
 if(readout&&!readout.ariaLabel){readout.setAttribute('role','textbox');readout.ariaLabel=words+', type a value'}
});
root?.querySelectorAll('.widget-radio-box').forEach(group=>{group.setAttribute('role','radiogroup');
 group.ariaLabel=root.querySelector('.ftx-title').textContent});
const live=()=>root.querySelectorAll('.ftx-live').forEach(e=>{e.setAttribute('role','status')});
if(root){const all=()=>{name();live()};all();
 new MutationObserver(all).observe(root,{childList:true,subtree:true})}
"""
