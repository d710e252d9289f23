/* Computes the graph in the page and shows it. DATA says what is drawn where, CODE is the program, root the fragment. */
var data=DATA,svg=stage.svg;
var everything=(function(){'use strict';
/* oxlint-disable-next-line no-unused-expressions */
CODE
return everything})();
function num(x){return typeof x==='number'?x:x==='inf'?Infinity:x==='-inf'?-Infinity:x==='nan'?NaN:Number(x)}

/* ---- numbers as Python writes them ---- */
function digits(x,count){
  /* The first digits of a positive number and its power of ten; of two that are equally near, the even one. */
  var m=x.toExponential(count-1).split('e'),d=m[0].replace('.',''),e=+m[1];
  var near=x.toExponential(count).split('e');
  if(near[0].endsWith('5')&&Number(near.join('e'))===x){
    /* oxlint-disable-next-line number-arg-out-of-range */
    var all=x.toExponential(100).split('e'),long=all[0].replace('.','');
    if(long.charAt(count)==='5'&&/^0*$/.test(long.slice(count+1))&&+long.charAt(count-1)%2===0){d=long.slice(0,count);e=+all[1]}}
  return [d,e]}
function short(x,precision){
  if(x!==x)return 'nan';
  var sign=x<0||Object.is(x,-0)?'-':'',size=Math.abs(x);
  if(size===Infinity)return sign+'inf';
  if(size===0)return sign+'0';
  var found=digits(size,precision),d=found[0],e=found[1];
  if(e>=precision&&size<1e6){
    var whole=digits(size,Math.floor(Math.log10(size)+1e-12)+1);
    return sign+whole[0]+'0'.repeat(Math.max(0,whole[1]+1-whole[0].length))}
  if(e<-4||e>=precision){
    d=d.replace(/0+$/,'');
    return sign+d.charAt(0)+(d.length>1?'.'+d.slice(1):'')+'e'+(e<0?'-':'+')+(Math.abs(e)<10?'0':'')+Math.abs(e)}
  d=e<0?'0'.repeat(-e)+d:d;
  var at=e<0?1:e+1;
  return sign+(d.slice(0,at)+'.'+d.slice(at)).replace(/\.?0*$/,'')}
function fitting(x,room){
  var p=data.precision,text=short(x,p);
  while(text.length>room&&p>1)text=short(x,--p);
  return text}
function parsed(text){
  text=text.trim().toLowerCase().replace('−','-').replace(/^(-?)\.?(\d*),(\d+)$/,'$1$2.$3');
  if(/^[+-]?(inf|infinity)$/.test(text))return text.charAt(0)==='-'?-Infinity:Infinity;
  if(text==='nan')return NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)?Number(text):undefined}

/* ---- the numbers, and what came before them ---- */
var start=data.start.map(num),constants=data.constants.map(num),leaves=data.leaves,first=data.first;
var values=start.concat(constants),gradients=[],parts=[],failed=-1,backwards=false;
var before=null,begun=null,history=[],taken=0,fixed=leaves.map(function(leaf){return leaf.fixed}),rate=data.rate,updates=0;
function compute(){
  values.length=first;gradients=[];parts=[];failed=-1;backwards=false;
  try{everything(values,gradients,parts)}
  catch(error){if(!(error instanceof RangeError))throw error;
    failed=values.length;backwards=values[data.root]!==undefined;gradients=[];parts=[]}
  updates++}
function result(){return values[data.root]}
function remember(){before={values:values.slice(),gradients:gradients.slice()};begun=sidesNow()}
function sign(x){return x>0?1:x<0?-1:x===0?0:NaN}
function side(w){
  var o=w.operands,x=values[o[0]],y=values[o[1]],z=values[w.slot];
  if(z===undefined)return NaN;
  switch(w.side){
    case 'x':return sign(x);
    case 'y':return sign(y);
    case 'x-y':return sign(x-y);
    case 'bounds':return sign(x-y)+sign(x-values[o[2]]);
    case 'top':case 'low':
      var best=0;o.forEach(function(s,i){if(w.side==='top'?values[s]>values[o[best]]:values[s]<values[o[best]])best=i});
      return best;
    case 'floor':return Math.floor(x/y);
    case 'turn':return Math.floor(x/Math.PI+.5);
    case 'negative power':return y<0?sign(x):1;
    default:return sign(z)}}
function sidesNow(){return data.watched.map(side)}
function crossings(){
  /* What was crossed since the gesture began: it stays named until the next one begins. */
  var now=sidesNow();
  return data.watched.filter(function(w,i){var a=begun[i],b=now[i];return a===a&&b===b&&a!==b})}

/* ---- what is drawn ---- */
var ns='http://www.w3.org/2000/svg',nodes=[],edges=[],ground=svg.querySelector('rect'),halos=[];
function make(name,attributes){
  var element=document.createElementNS(ns,name);
  for(var key in attributes)element.setAttribute(key,attributes[key]);
  return element}
function one(element,selector){
  var node=element.querySelector(selector);
  return {element:node,text:null,fill:null}}
function spreads(element){
  /* The texts of a stack: the largest, the median and the least number, or one where all were the same. */
  return ['value','gradient'].map(function(kind){
    return Array.from(element.querySelectorAll('text.'+kind),function(text){
      return {element:text,text:null,fill:null,room:Math.max(7,text.textContent.replace('∇ ','').length)}})})}
function write(text,content,fill){
  if(!text.element)return;
  if(text.text!==content)text.element.textContent=text.text=content;
  if(fill&&text.fill!==fill){text.element.setAttribute('fill',fill);text.fill=fill}}
svg.querySelectorAll('[data-node]').forEach(function(element){
  var place=+element.getAttribute('data-node'),told=element.querySelector('title');
  if(told)told.remove();
  nodes[place]={element:element,value:one(element,'text.value'),gradient:one(element,'text.gradient'),spreads:spreads(element),
    oldValue:one(element,'.of-value'),oldGradient:one(element,'.of-gradient'),wire:element.querySelector('path'),width:null,
    norm:{room:0,element:[].find.call(element.querySelectorAll('text'),function(text){return text.textContent.startsWith('|∇|')}),text:null}};
  var box=nodes[place].norm;
  if(box.element)box.room=Math.max(6,box.element.textContent.length-4);
  if(nodes[place].wire)nodes[place].wire.setAttribute('stroke','var(--group)')});
svg.querySelectorAll('.edge').forEach(function(element){
  /* A wire that goes on in another row of the picture has two parts. */
  var named=/-e(\d+)(-\w+)?$/.exec(element.id),told=element.querySelector('title'),tip=element.querySelector('polygon');
  if(told)told.remove();
  var points=tip&&tip.getAttribute('points').split(' ').map(function(p){return p.split(',').map(Number)});
  if(tip){tip.setAttribute('fill','var(--group)');element.querySelector('path').setAttribute('stroke','var(--group)')}
  if(!named||!element.querySelector('path'))return;
  var k=+named[1];
  if(!edges[k])edges[k]=[];
  edges[k].push({element:element,path:element.querySelector('path'),tip:tip,points:points,width:null})});
var name=svg.querySelector('title'),described=svg.querySelector('desc');
if(name)name.textContent=root.getAttribute('aria-label');
if(described)described.textContent='';
function width(flow){
  var size=Math.abs(flow);
  return size===Infinity?6:size===size?.8+5.2*size/(1+size):.8}
function widen(edge,flow){
  var w=flow===undefined?.8:Math.round(width(flow)*20)/20,key=w+(flow!==flow?'nan':'');
  if(edge.width===key)return;
  edge.width=key;
  edge.path.setAttribute('stroke-width',w);
  if(flow!==undefined&&flow!==flow)edge.path.setAttribute('stroke-dasharray','2 4');else edge.path.removeAttribute('stroke-dasharray');
  if(!edge.tip)return;
  var a=edge.points[0],t=edge.points[1],b=edge.points[2],x=(a[0]+b[0])/2,y=(a[1]+b[1])/2,dx=t[0]-x,dy=t[1]-y;
  var length=Math.hypot(dx,dy)||1,long=Math.max(6,1.7*w),half=Math.max(2.6,1.15*w);
  dx/=length;dy/=length;x=t[0]-dx*long;y=t[1]-dy*long;
  edge.tip.setAttribute('points',[[x-dy*half,y+dx*half],t,[x+dy*half,y-dx*half]].map(function(p){
    return p[0].toFixed(2)+','+p[1].toFixed(2)}).join(' '))}
function ghost(text,old,now){
  /* The number before, with a mark for where it went: up, down, or neither. */
  if(old===undefined||now===undefined||Object.is(old,now)){write(text,'');return}
  var up=now>old,down=now<old,shown=fitting(old,data.room);
  if(shown===fitting(now,data.room)&&!up&&!down){write(text,'');return}
  write(text,(up?'▲ ':down?'▼ ':'≠ ')+shown,up?'var(--rose)':down?'var(--fell)':'var(--muted)')}
function norm(slots){return slots.reduce(function(sum,slot){return Math.hypot(sum,gradients[slot])},0)}
function spreading(texts,d,from,before){
  /* The largest, the median (the lower one of two) and the least of a stack, as in pictures. */
  var all=d.copies.map(function(slot){return from[slot]});
  all.sort(function(a,b){return a!==a?(b!==b?0:1):b!==b?-1:a-b});
  var middle=all[Math.floor((all.length-1)/2)],found=texts.length===3?[all[all.length-1],middle,all[0]]:[middle];
  texts.forEach(function(text,k){write(text,before+(all.includes(undefined)?'?':fitting(found[k],text.room)))})}
function strange(){
  /* The first result that is inf or nan. */
  for(var slot=first;slot<values.length;slot++)if(values[slot]-values[slot]!==0)return slot;
  return undefined}
function show(){
  var old=before||{values:values,gradients:gradients};
  data.nodes.forEach(function(d,place){
    var n=nodes[place];
    if(!n)return;
    if(d.members){
      if(n.norm.element)write(n.norm,'|∇| '+(failed<0?fitting(norm(d.members),n.norm.room):'?'))}
    if(d.copies){spreading(n.spreads[0],d,values,'');spreading(n.spreads[1],d,gradients,'∇ ');return}
    if(d.slot===undefined)return;
    var v=values[d.slot],g=gradients[d.slot];
    alarm(n,v!==undefined&&v-v!==0||g!==undefined&&g-g!==0);
    write(n.value,v===undefined?'?':fitting(v,data.room));
    write(n.gradient,g===undefined?'∇ ?':'∇ '+fitting(g,data.room));
    ghost(n.oldValue,old.values[d.slot],v);
    ghost(n.oldGradient,old.gradients[d.slot],g);
    if(n.wire){var w=g===undefined?.8:Math.round(width(g)*20)/20;
      if(n.width!==w){n.wire.setAttribute('stroke-width',w);n.width=w}}});
  data.edges.forEach(function(places,k){
    if(!edges[k]||!places.length)return;
    var flow=failed<0?places.reduce(function(sum,place){return sum+parts[place]},0):undefined;
    edges[k].forEach(function(edge){widen(edge,flow)})});
  halos.forEach(function(h){h.remove()});halos=[];
  var lines=[],crossed=crossings();
  if(failed>=0)lines.push(backwards?"{{The gradients can't be computed with these numbers}}":
    "{{It can't be computed with these numbers}}: "+data.names[failed]);
  var odd=strange();
  if(odd!==undefined)lines.push(data.names[odd]+' = '+short(values[odd],data.precision));
  crossed.slice(0,3).forEach(function(w){lines.push(w.says)});
  crossed.forEach(function(w){mark(w.place)});
  data.nodes.forEach(function(d,place){if(d.slot===failed||d.slot!==undefined&&d.slot===odd)mark(place)});
  say(lines.join('; '));
  var r=result(),was=old.values[data.root];
  show.result.textContent=data.names[data.root].split(' = ')[0]+' = '+(r===undefined?'?':
    (was!==undefined&&!Object.is(was,r)?short(was,data.precision)+' → ':'')+short(r,data.precision));
  refill();
  leaves.forEach(function(leaf,i){if(leaf.place>=0){
    var element=nodes[leaf.place].element,text=short(values[i],data.precision);
    if(leaf.told!==text){element.setAttribute('aria-valuenow',values[i]===values[i]?values[i]:0);element.setAttribute('aria-valuetext',text);leaf.told=text}}});
  if(stage.place>=0)stage.refresh();
  root.setAttribute('data-updates',updates)}
show.result=root.querySelector('.result');
svg.querySelectorAll('.alarm').forEach(function(old){old.remove()});
function alarm(n,on){
  /* An outline around what is inf or nan. */
  if(!on){if(n.alarm)n.alarm.style.display='none';return}
  if(!n.box)return;
  if(!n.alarm){
    var b=n.box;
    n.alarm=make('rect',{x:b.x-5,y:b.y-5,width:b.width+10,height:b.height+10,rx:8,fill:'none',stroke:'var(--alarm)','stroke-width':1.6,
      'stroke-dasharray':'5 3','class':'alarmed'});
    n.element.appendChild(n.alarm)}
  n.alarm.style.display=''}
function mark(place){
  var b=nodes[place]&&nodes[place].box;
  if(!b)return;
  var frame=make('rect',{x:b.x-5,y:b.y-5,width:b.width+10,height:b.height+10,rx:8,fill:'var(--changed)',stroke:'var(--text)','stroke-width':2,'class':'crossed'});
  ground.parentNode.insertBefore(frame,ground.nextSibling);halos.push(frame)}
var event=root.querySelector('.event');
function say(text){if(event.textContent!==text)event.textContent=text}

stage.told=function(place){
  if(place<0)return data.hint;
  var d=data.nodes[place];
  if(d.slot===undefined)return d.told;
  var v=values[d.slot],g=gradients[d.slot];
  return d.told+'\n{{value}} '+(v===undefined?'?':short(v,17))+', {{gradient}} '+(g===undefined?'?':short(g,17))};

/* ---- changing a number ---- */
var waiting=false,gesture='',last=0;
function changed(){
  if(waiting)return;
  waiting=true;
  requestAnimationFrame(function(){waiting=false;update()})}
function update(){
  compute();show();
  root.dispatchEvent(new CustomEvent('glassgrad:values',{detail:values.slice(0,leaves.length)}))}
function begin(key){
  /* One gesture is a drag, or keys on one input without a pause; its ghosts show what was there when it began. */
  var now=Date.now();
  if(key!==gesture||key===''||now-last>1500)remember();
  gesture=key;last=now}
function set(i,x){
  if(Object.is(values[i],x))return;
  values[i]=x;changed()}
function unit(i){var size=Math.abs(start[i]);return size>0&&size<Infinity?Math.pow(10,Math.max(-300,Math.min(300,Math.floor(Math.log10(size)+1e-12)-1))):.1}
function tidy(x,grid){
  /* The nearest multiple of the grid, as its decimal is written. */
  var k=Math.round(x/grid)*grid,e=Math.floor(Math.log10(grid)+.5);
  return Math.abs(k)<1e15*grid?(e<0?Number(k.toFixed(Math.min(100,-e))):Math.round(k)):k}
function moved(i,steps,fine){
  var grid=unit(i)*(fine?.1:1),x=values[i];
  set(i,(x-x===0)?tidy(x+steps*grid,grid*(Number.isInteger(steps)?1:.1)):start[i])}
var which=root.querySelector('[data-act=which]'),field=root.querySelector('.number'),slide=root.querySelector('.slide');
var hold=root.querySelector('[data-act=fixed]'),rateField=root.querySelector('.rate'),chosen=0,range=[0,0];
leaves.forEach(function(leaf,i){
  var option=document.createElement('option');
  option.value=i;option.textContent=leaf.name;which.appendChild(option)});
function ranged(i){
  var u=unit(i),middle=tidy(start[i]-start[i]===0?start[i]:0,u),x=values[i],wide=50*u;
  if(x-x===0&&Math.abs(x-middle)>wide)wide=1.5*Math.abs(x-middle);
  return [middle-wide,middle+wide,u]}
function refill(){
  var x=values[chosen];
  if(root.getRootNode().activeElement!==field||field.getAttribute('aria-invalid')!=='true'&&parsed(field.value)!==x)field.value=short(x,Math.max(data.precision,6));
  var r=ranged(chosen);
  if(r[0]!==range[0]||r[1]!==range[1]){slide.min=r[0];slide.max=r[1];slide.step='any';range=r}
  if(x-x===0&&+slide.value!==x)slide.value=x;
  slide.setAttribute('aria-valuetext',short(x,data.precision));
  hold.checked=fixed[chosen]}
function choose(i){
  if(leaves[chosen]&&leaves[chosen].place>=0)nodes[leaves[chosen].place].element.classList.remove('chosen');
  chosen=i;which.value=i;field.removeAttribute('aria-invalid');
  if(leaves[i].place>=0)nodes[leaves[i].place].element.classList.add('chosen');
  refill()}
function type(){
  var x=parsed(field.value);
  if(x===undefined){field.setAttribute('aria-invalid','true');return}
  field.removeAttribute('aria-invalid');begin('typed '+chosen);set(chosen,x)}
leaves.forEach(function(leaf,i){
  if(leaf.place<0)return;
  var n=nodes[leaf.place],element=n.element,held=null;
  n.frame=make('rect',{rx:6,fill:'none','pointer-events':'all','class':'frame'});
  element.insertBefore(n.frame,element.firstChild);
  element.setAttribute('data-leaf',i);element.setAttribute('tabindex','0');element.setAttribute('role','slider');
  element.setAttribute('aria-label',leaf.name);
  element.addEventListener('focus',function(){choose(i)});
  /* Nothing is dimmed around a number that is about to be changed. */
  element.addEventListener('pointerover',function(e){e.stopPropagation();stage.tell(-1)});
  element.addEventListener('pointerdown',function(e){
    if(e.button)return;
    halt();element.focus({preventScroll:true});choose(i);gesture='';begin('');gesture='drag';
    held={x:e.clientX,at:values[i]-values[i]===0?values[i]:start[i],fine:e.shiftKey};
    element.setPointerCapture(e.pointerId);e.preventDefault();e.stopPropagation()});
  element.addEventListener('pointermove',function(e){
    if(!held)return;
    var dx=e.clientX-held.x,grid=unit(i)*(e.shiftKey?.1:1);
    if(e.shiftKey!==held.fine){held={x:e.clientX,at:values[i],fine:e.shiftKey};dx=0}
    if(Math.abs(dx)>=2||held.moved){held.moved=true;set(i,tidy(held.at+Math.round(dx/4)*grid,grid))}});
  function drop(){held=null}
  element.addEventListener('pointerup',drop);element.addEventListener('pointercancel',drop);
  element.addEventListener('dblclick',function(){field.focus();field.select()});
  element.addEventListener('keydown',function(e){
    if(e.ctrlKey||e.metaKey||e.altKey)return;
    var steps={ArrowRight:1,ArrowUp:1,ArrowLeft:-1,ArrowDown:-1,PageUp:10,PageDown:-10}[e.key];
    if(steps){halt();begin('keys '+i);moved(i,steps,e.shiftKey)}
    else if(e.key==='Home'){halt();begin('keys '+i);set(i,start[i])}
    else if(e.key==='Enter'){field.focus();field.select()}
    else if(/^[-+.0-9]$/.test(e.key)){field.value=e.key;field.focus();field.setSelectionRange(1,1);field.dispatchEvent(new Event('input'))}
    else return;
    e.preventDefault();e.stopPropagation()})});
which.addEventListener('change',function(){choose(+which.value)});
field.addEventListener('input',function(){halt();if(!/^[-+.]?$/.test(field.value.trim()))type()});
field.addEventListener('change',type);
field.addEventListener('keydown',function(e){
  var steps={ArrowUp:1,ArrowDown:-1,PageUp:10,PageDown:-10}[e.key];
  if(e.key==='Enter'){type();if(leaves[chosen].place>=0&&!field.getAttribute('aria-invalid'))nodes[leaves[chosen].place].element.focus()}
  else if(e.key==='Escape'){field.removeAttribute('aria-invalid');field.value='';refill();if(leaves[chosen].place>=0)nodes[leaves[chosen].place].element.focus()}
  else if(steps){halt();field.removeAttribute('aria-invalid');begin('keys '+chosen);moved(chosen,steps,e.shiftKey)}
  else return;
  e.preventDefault();e.stopPropagation()});
slide.addEventListener('pointerdown',function(){gesture=''});
slide.addEventListener('input',function(){halt();begin('slide '+chosen);set(chosen,tidy(+slide.value,range[2]*.1))});
hold.addEventListener('change',function(){fixed[chosen]=hold.checked});

/* ---- downhill ---- */
var timer=null,runner=root.querySelector('[data-act=run]'),line=root.querySelector('.curve polyline'),curve=root.querySelector('.curve');
function step(){
  /* One step of gradient descent; whether any number is another one after it. */
  if(failed>=0||!gradients.length)return false;
  var moves=leaves.map(function(leaf,i){return fixed[i]?values[i]:values[i]-rate*gradients[i]});
  var moving=moves.some(function(x,i){return !Object.is(x,values[i])});
  if(!moving)return false;
  if(!history.length)history=[result()];
  moves.forEach(function(x,i){values[i]=x});
  taken++;compute();history.push(result());
  return moving}
function plot(){
  var ys=history.filter(function(y){return y-y===0}),low=Math.min.apply(null,ys),high=Math.max.apply(null,ys);
  var spread=high-low||1,count=Math.max(1,history.length-1),every=Math.max(1,Math.floor(history.length/160)),points=[];
  history.forEach(function(y,i){if(y-y===0&&(i%every===0||i===history.length-1))points.push((3+154*i/count).toFixed(1)+','+(high===low?18:32-28*(y-low)/spread).toFixed(1))});
  line.setAttribute('points',ys.length?points.join(' '):'');
  curve.setAttribute('aria-label',history.length?'{{the result after each step}}: '+short(history[0],data.precision)+' → '+short(history[history.length-1],data.precision)+' ('+taken+')':'{{the result after each step}}');
  curve.style.visibility=history.length?'':'hidden';
  root.setAttribute('data-steps',taken)}
function halt(){
  if(timer===null)return;
  clearInterval(timer);timer=null;runner.textContent='▶ {{run}}'}
function announce(){show();plot();root.dispatchEvent(new CustomEvent('glassgrad:values',{detail:values.slice(0,leaves.length)}))}
function run(){
  if(timer!==null){halt();return}
  remember();gesture='run';
  runner.textContent='❚❚ {{pause}}';
  timer=setInterval(function(){
    if(!root.isConnected){halt();return}
    var moving=step(),r=result();
    announce();
    if(!moving){halt();say('{{no number moves any more}}')}
    else if(failed>=0||r-r!==0)halt()},50)}
function reset(){
  halt();remember();gesture='';
  start.forEach(function(x,i){values[i]=x});
  history=[];taken=0;fixed=leaves.map(function(leaf){return leaf.fixed});
  compute();before=null;begun=sidesNow();announce()}
root.querySelector('[data-act=step]').addEventListener('click',function(){
  halt();remember();gesture='step';
  var moving=step();announce();
  if(!moving&&failed<0)say('{{no number moves any more}}')});
runner.addEventListener('click',run);
root.querySelector('[data-act=reset]').addEventListener('click',reset);
root.querySelector('[data-act=less]').addEventListener('click',function(e){halt();begin('keys '+chosen);moved(chosen,-1,e.shiftKey)});
root.querySelector('[data-act=more]').addEventListener('click',function(e){halt();begin('keys '+chosen);moved(chosen,1,e.shiftKey)});
rateField.addEventListener('input',function(){
  var x=parsed(rateField.value),good=x>0&&x<Infinity;
  if(good)rate=x;
  rateField.setAttribute('aria-invalid',good?'false':'true');
  root.querySelector('.rated').textContent=short(rate,4)});

function measure(){
  /* How large each node is with the widest numbers; nothing can be measured before the page is seen. */
  if(!svg.getBoundingClientRect().width)return;
  var wide='0'.repeat(data.room);
  nodes.forEach(function(n,place){
    var d=data.nodes[place];
    if(d.slot!==undefined&&!d.copies){write(n.value,wide);write(n.gradient,'∇ '+wide);write(n.oldValue,'▲ '+wide);write(n.oldGradient,'▲ '+wide)}
    if(n.frame)['x','y','width','height'].forEach(function(side){n.frame.setAttribute(side,0)})});
  nodes.forEach(function(n){n.box=n.element.getBBox()});
  nodes.forEach(function(n){
    if(!n.frame)return;
    n.frame.setAttribute('x',n.box.x-4);n.frame.setAttribute('y',n.box.y-4);
    n.frame.setAttribute('width',n.box.width+8);n.frame.setAttribute('height',n.box.height+8)});
  watcher.disconnect();show()}
var watcher=new ResizeObserver(function(){measure()});
compute();remember();before=null;choose(0);show();plot();stage.refresh();watcher.observe(root);measure();
root.glassgrad={
  get values(){return values.slice(0,leaves.length)},
  get gradients(){return gradients.slice(0,leaves.length)},
  get numbers(){return values.slice()},
  set:function(numbers){
    /* From outside, as from a training loop: the curve goes on. */
    halt();begin('from outside');
    if(!history.length)history=[result()];
    numbers.forEach(function(x,i){values[i]=num(x)});
    compute();history.push(result());taken++;show();plot()},
  update:update,short:short};
