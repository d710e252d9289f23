/* The player: each step's numbers, words and marks on one picture. DATA is the list of steps, root the fragment. */
var frames=DATA,svg=stage.svg,k=0,timer=null,marks=[];
var bar=root.querySelector('.bar'),slider=bar.querySelector('input'),count=bar.querySelector('.count');
var words=root.querySelector('.words'),rules=root.querySelector('.rules'),play=bar.querySelector('[data-act=play]');
var nodes=stage.nodes,edges=[],chips=svg.querySelectorAll('.constant[data-to]'),ground=svg.querySelector('rect');
svg.querySelectorAll('.edge').forEach(function(e){edges[+e.id.replace(/^.*-e/,'')]=e});
root.querySelector('details').open=false;
var told=stage.told;stage.told=function(place){return place<0?'':told(place)};
function write(place,kind,text){var t=nodes[place].querySelector('text.'+kind);if(t)t.textContent=text}
function text(place,kind){var t=nodes[place].querySelector('text.'+kind);return t?t.textContent:''}
function halo(node,strong){
  var b=node.getBBox(),r=document.createElementNS('http://www.w3.org/2000/svg','rect');
  r.setAttribute('x',b.x-3);r.setAttribute('y',b.y-3);r.setAttribute('width',b.width+6);r.setAttribute('height',b.height+6);
  r.setAttribute('rx',8);r.setAttribute('fill',strong?'var(--changed)':'none');r.setAttribute('stroke','var(--text)');
  r.setAttribute('stroke-width',strong?1.5:1);if(!strong)r.setAttribute('stroke-dasharray','4 3');
  ground.parentNode.insertBefore(r,ground.nextSibling);marks.push(r)}
function show(to){
  k=Math.max(0,Math.min(frames.length-1,to));
  marks.forEach(function(m){m.parentNode.removeChild(m)});marks=[];
  var known={};
  for(var p in nodes){write(p,'value','');write(p,'gradient','')}
  for(var i=0;i<=k;i++)frames[i].changes.forEach(function(c){write(c[0],c[1],c[2]);known[c[0]]=1});
  var f=frames[k];
  for(var q in nodes)nodes[q].style.opacity=known[q]?'':'.35';
  chips.forEach(function(c){c.style.opacity=known[c.getAttribute('data-to')]?'':'.35'});
  svg.querySelectorAll('.alarm').forEach(function(a){  /* an outline waits for its inf or nan */
    a.style.display=/inf|nan/.test(text(a.getAttribute('data-alarm'),'value')+text(a.getAttribute('data-alarm'),'gradient'))?'':'none'});
  /* oxlint-disable-next-line no-unused-vars */
  edges.forEach(function(e,j){var on=f.edges.indexOf(j)>=0,a=e.getAttribute('data-from'),b=e.getAttribute('data-to');
    e.style.opacity=known[b]?'':'.25';
    e.querySelectorAll('path').forEach(function(s){s.style.stroke=on?(f.phase==='{{forward}}'?'var(--value)':'var(--gradient)'):'';s.style.strokeWidth=on?'3':''});
    e.querySelectorAll('polygon').forEach(function(s){s.style.fill=on?(f.phase==='{{forward}}'?'var(--value)':'var(--gradient)'):''})});
  if(f.place!==null)halo(nodes[f.place],true);
  f.parents.forEach(function(p){if(p!==f.place)halo(nodes[p],false)});
  words.textContent=f.words;rules.textContent=f.rules.join('\n');
  count.textContent=f.phase+'{{, step }}'+(k+1)+'{{ of }}'+frames.length;
  slider.value=k;slider.setAttribute('aria-valuetext',count.textContent);
  bar.querySelector('[data-act=first]').disabled=bar.querySelector('[data-act=back]').disabled=k===0;
  bar.querySelector('[data-act=last]').disabled=bar.querySelector('[data-act=forward]').disabled=k===frames.length-1;
  root.setAttribute('data-step',k);stage.refresh()}
function stop(){if(timer)clearInterval(timer);timer=null;play.textContent='▶ {{play}}';play.setAttribute('aria-label','{{play}}')}
function toggle(){if(timer){stop();return}
  if(k===frames.length-1)show(0);
  play.textContent='❚❚ {{pause}}';play.setAttribute('aria-label','{{pause}}');
  timer=setInterval(function(){if(!root.isConnected||k===frames.length-1){stop();return}show(k+1);if(k===frames.length-1)stop()},1400)}
function act(what){if(what==='play'){toggle();return}stop();
  show(what==='first'?0:what==='last'?frames.length-1:what==='back'?k-1:k+1)}
bar.querySelectorAll('button').forEach(function(b){b.addEventListener('click',function(){act(b.getAttribute('data-act'))})});
slider.addEventListener('input',function(){stop();show(+slider.value)});
root.tabIndex=0;
root.addEventListener('keydown',function(e){
  var what={ArrowRight:'forward',ArrowLeft:'back',Home:'first',End:'last',' ':'play'}[e.key];
  if(!what||e.ctrlKey||e.metaKey||e.altKey||(e.key===' '&&e.target!==root))return;
  e.preventDefault();e.stopPropagation();act(what)});
show(0);
