/* The player: each step's numbers, words and marks on one picture. DATA is the list of steps, root the fragment.
   On the way back arrowheads point back. A step forward lets upstream × local travel along each wire to the parent, whose gradient
   changes when it is there; where motion isn't wanted, and at a jump, it has arrived at once. */
var frames=DATA,svg=stage.svg,k=0,timer=null,marks=[];
var bar=root.querySelector('.bar'),slider=bar.querySelector('input'),count=bar.querySelector('.count');
var words=root.querySelector('.words'),rules=root.querySelector('.rules'),play=bar.querySelector('[data-act=play]');
var nodes=stage.nodes,edges=[],chips=svg.querySelectorAll('.constant[data-to]'),ground=svg.querySelector('rect');
svg.querySelectorAll('.edge').forEach(function(e){edges[+e.id.replace(/^.*-e/,'')]=e});
root.querySelector('details').open=false;
var told=stage.told;stage.told=function(place){return place<0?'':told(place)};
function write(place,kind,text){var t=nodes[place].querySelector('text.'+kind);if(t)t.textContent=text}
function text(place,kind){var t=nodes[place].querySelector('text.'+kind);return t?t.textContent:''}
/* An outline waits for its inf or nan. */
function alarms(){svg.querySelectorAll('.alarm').forEach(function(a){var p=a.getAttribute('data-alarm');
  a.style.display=/inf|nan/.test(text(p,'value')+text(p,'gradient'))?'':'none'})}
function halo(node,strong){
  var b=node.getBBox(),r=document.createElementNS('http://www.w3.org/2000/svg','rect');
  r.setAttribute('x',b.x-3);r.setAttribute('y',b.y-3);r.setAttribute('width',b.width+6);r.setAttribute('height',b.height+6);
  r.setAttribute('rx',8);r.setAttribute('fill',strong?'var(--changed)':'none');r.setAttribute('stroke','var(--text)');
  r.setAttribute('stroke-width',strong?1.5:1);if(!strong)r.setAttribute('stroke-dasharray','4 3');
  ground.parentNode.insertBefore(r,ground.nextSibling);marks.push(r)}
var still=matchMedia('(prefers-reduced-motion:reduce)'),flight=null,TRIP=900,HEAD=6;
function make(kind,attributes,parent){
  var it=document.createElementNS(svg.namespaceURI,kind);
  for(var name in attributes)it.setAttribute(name,attributes[name]);
  parent.appendChild(it);return it}
/* A second head for each arrow, at its other end. */
svg.querySelectorAll('.edge,.node').forEach(function(thing){
  var head=thing.querySelector('polygon'),line=head&&head.previousElementSibling;
  if(!line||line.tagName!=='path')return;
  var tip=line.getPointAtLength(0),base=line.getPointAtLength(HEAD),dx=base.x-tip.x,dy=base.y-tip.y,far=Math.hypot(dx,dy)||1;
  dx*=2.6/far;dy*=2.6/far;
  var corners=[base.x-dy,base.y+dx,tip.x,tip.y,base.x+dy,base.y-dx].join(' ');
  head.classList.add('ahead');
  /* the line goes on to where the head was */
  var there=head.points,foot={x:(there[0].x+there[2].x)/2,y:(there[0].y+there[2].y)/2};
  head.after(make('path',{d:'M'+foot.x+','+foot.y+'L'+there[1].x+','+there[1].y,fill:'none',stroke:line.getAttribute('stroke'),
    'stroke-width':line.getAttribute('stroke-width'),'class':'back'},thing));
  head.after(make('polygon',{points:corners,fill:head.getAttribute('fill'),'class':'back'},thing))});
/* Words on a ground of their own, where a share of a gradient is or has arrived. */
var notes=make('g',{'class':'flow'},svg);
function note(){
  var g=make('g',{},notes);
  make('rect',{height:14,rx:4,fill:'var(--ground)',stroke:'var(--gradient)'},g);
  make('text',{y:7+11*.34,'font-size':11,'text-anchor':'middle',fill:'var(--gradient)'},g);
  return g}
function say(g,words,x,y){
  var width=words.length*6.77+8,most=svg.viewBox.baseVal.width;
  x=Math.min(Math.max(x,width/2+2),most-width/2-2);
  g.firstChild.setAttribute('width',width);g.firstChild.setAttribute('x',-width/2);
  g.lastChild.textContent=words;g.setAttribute('transform','translate('+x+','+(y-7)+')')}
/* Where the n-th share of a step stands that arrives at a node: below the gradient, or above it. */
function place(node,n){
  var t=nodes[node].querySelector('text.gradient'),room=nodes[node].querySelector('.of-gradient'),b=t.getBBox();
  var y=+room.getAttribute('y')-3.7,down=y>+t.getAttribute('y')-4;
  return [b.width?b.x+b.width/2:+t.getAttribute('x'),y+(down?3+14*n:-3-14*n)]}
function edge(flow,to){return svg.querySelector('.edge[data-to="'+to+'"][data-operand="'+flow[1]+'"] path')}
function arrive(flow,n){
  write(flow[0],'gradient',flow[4]);
  if(n<4){var p=place(flow[0],n);say(note(),n<3?flow[3]:'…',p[0],p[1])}}
/* Shares to one parent start one after the other, so that it can be seen what is added to what. */
function depart(f,landed){
  var started=performance.now(),before={},trips=f.flows.map(function(flow){
    var n=before[flow[0]]||0;before[flow[0]]=n+1;
    return {flow:flow,n:n,wait:n*TRIP*.6,note:null,done:false,line:edge(flow,f.place)}});
  var it={id:0,last:Math.max.apply(null,trips.map(function(t){return t.wait}))+TRIP,end:function(){
    cancelAnimationFrame(it.id);flight=null;
    trips.forEach(function(t){if(t.note)t.note.remove();if(!t.done)arrive(t.flow,t.n)});
    root.removeAttribute('data-moving');landed()}};
  function frame(now){
    var left=0;
    trips.forEach(function(t){
      var at=(now-started-t.wait)/TRIP;
      if(t.done)return;
      left++;
      if(at<0)return;
      if(at>=1){t.done=true;left--;if(t.note)t.note.remove();t.note=null;arrive(t.flow,t.n);return}
      t.note=t.note||note();
      var rest=place(t.flow[0],t.n),length=t.line.getTotalLength();
      var go=Math.min(1,Math.max(0,(at-.25)/.5)),on=t.line.getPointAtLength(length*(1-go*go*(3-2*go))),lift=Math.max(0,(at-.75)/.25);
      say(t.note,t.flow[2],on.x+(rest[0]-on.x)*lift,on.y+(rest[1]-on.y)*lift)});
    if(left)it.id=requestAnimationFrame(frame);else it.end()}
  flight=it;root.setAttribute('data-moving','');it.id=requestAnimationFrame(frame)}
function show(to,moving){
  if(flight)flight.end();
  k=Math.max(0,Math.min(frames.length-1,to));
  marks.forEach(function(m){m.parentNode.removeChild(m)});marks=[];
  var known={};
  for(var p in nodes){write(p,'value','');write(p,'gradient','')}
  frames.slice(0,k).forEach(function(e){e.changes.forEach(function(c){write(c[0],c[1],c[2]);known[c[0]]=1})});
  var f=frames[k],taken={};
  f.changes.forEach(function(c){known[c[0]]=1});
  notes.replaceChildren();svg.classList.toggle('backwards',f.back);
  var old=f.flows.map(function(flow){return text(flow[0],'gradient')});
  f.changes.forEach(function(c){write(c[0],c[1],c[2])});
  if(f.place!==null){halo(nodes[f.place],true);stage.follow(f.place)}
  f.parents.forEach(function(p){if(p!==f.place)halo(nodes[p],false)});
  if(moving&&f.flows.length&&!still.matches&&!document.hidden){
    f.flows.forEach(function(flow,j){write(flow[0],'gradient',old[j])});
    depart(f,function(){alarms();stage.refresh()})
  }else f.flows.forEach(function(flow){var n=taken[flow[0]]||0;taken[flow[0]]=n+1;arrive(flow,n)});
  for(var q in nodes)nodes[q].style.opacity=known[q]?'':'.35';
  chips.forEach(function(c){c.style.opacity=known[c.getAttribute('data-to')]?'':'.35'});
  alarms();
  /* oxlint-disable-next-line no-unused-vars */
  edges.forEach(function(e,j){var on=f.edges.indexOf(j)>=0,a=e.getAttribute('data-from'),b=e.getAttribute('data-to');
    e.style.opacity=known[b]?'':'.25';
    e.querySelectorAll('path').forEach(function(s){s.style.stroke=on?(f.phase==='{{forward}}'?'var(--value)':'var(--gradient)'):'';s.style.strokeWidth=on?'3':''});
    e.querySelectorAll('polygon').forEach(function(s){s.style.fill=on?(f.phase==='{{forward}}'?'var(--value)':'var(--gradient)'):''})});
  words.textContent=f.words;rules.textContent=f.rules.join('\n');
  count.textContent=f.phase+'{{, step }}'+(k+1)+'{{ of }}'+frames.length;
  slider.value=k;slider.setAttribute('aria-valuetext',count.textContent);
  bar.querySelector('[data-act=first]').disabled=bar.querySelector('[data-act=back]').disabled=k===0;
  bar.querySelector('[data-act=last]').disabled=bar.querySelector('[data-act=forward]').disabled=k===frames.length-1;
  root.setAttribute('data-step',k);stage.refresh()}
function stop(){if(timer)clearTimeout(timer);timer=null;play.textContent='▶ {{play}}';play.setAttribute('aria-label','{{play}}')}
function toggle(){if(timer){stop();return}
  if(k===frames.length-1)show(0);
  play.textContent='❚❚ {{pause}}';play.setAttribute('aria-label','{{pause}}');
  function next(){
    if(!root.isConnected||k===frames.length-1){stop();return}
    show(k+1,true);
    if(k===frames.length-1)stop();else timer=setTimeout(next,flight?flight.last+900:1400)}
  timer=setTimeout(next,1400)}
function act(what){if(what==='play'){toggle();return}stop();
  if(what==='forward')show(k+1,true);else show(what==='first'?0:what==='last'?frames.length-1:k-1)}
bar.querySelectorAll('button').forEach(function(b){b.addEventListener('click',function(){act(b.getAttribute('data-act'))})});
slider.addEventListener('input',function(){stop();show(+slider.value)});
root.tabIndex=0;
root.addEventListener('keydown',function(e){
  var what={ArrowRight:'forward',ArrowLeft:'back',Home:'first',End:'last',' ':'play'}[e.key];
  if(!what||e.ctrlKey||e.metaKey||e.altKey||(e.key===' '&&e.target!==root))return;
  e.preventDefault();e.stopPropagation();act(what)});
show(0);
