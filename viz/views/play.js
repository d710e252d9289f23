/* Computes the graph in the page and shows it. DATA says what is drawn where, CODE is the program, root the fragment. */
var data=DATA;
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
var start=data.start.map(num),constants=data.constants.map(num),count=start.length,first=data.first;
var values=start.concat(constants),gradients=[],parts=[],failed=-1,backwards=false;
var before=null,begun=null,history=[],taken=0,stride=1,fixed=held(),rate=data.rate,updates=0;
function held(){return start.map(function(x,i){return data.fixed.includes(i)})}
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

/* ---- what is drawn: a view for each picture, made when it is first shown ---- */
var ns='http://www.w3.org/2000/svg',views=[],view,halos=[],pointed=-1;
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
function all(runs){
  /* Numbers of which those that follow one another are written as the first and the last. */
  return runs.flatMap(function(run){
    return typeof run==='number'?[run]:Array.from({length:run[1]-run[0]+1},function(none,k){return run[0]+k})})}
function shown(){
  /* The view of the picture on the stage. */
  var at=opening.at,svg=stage.svg,drawn=at?opening.states[at].drawn:data.drawn;
  if(views[at])return views[at];
  var v=views[at]={nodes:[],edges:[],home:[],ground:svg.querySelector('rect'),measured:false,chosen:null};
  svg.querySelectorAll('.alarm').forEach(function(old){old.remove()});
  drawn.nodes.forEach(function(d,place){
    var element=stage.nodes[place];
    var members=d.members&&all(d.members),copies=d.copies&&all(d.copies);
    (members||copies||[d.slot]).forEach(function(slot){v.home[slot]=place});
    if(!element)return;
    var n=v.nodes[place]={slot:d.slot,members:members,copies:copies,told:d.told||data.names[d.slot],element:element,
      value:one(element,'text.value'),gradient:one(element,'text.gradient'),spreads:spreads(element),
      oldValue:one(element,'.of-value'),oldGradient:one(element,'.of-gradient'),wire:members?null:element.querySelector('path'),width:null,
      norm:{room:0,element:[].find.call(element.querySelectorAll('text'),function(text){return text.textContent.startsWith('|∇|')}),text:null}};
    if(n.norm.element)n.norm.room=Math.max(6,n.norm.element.textContent.length-4);
    if(n.wire)n.wire.setAttribute('stroke','var(--group)');
    if(d.heat)n.heat=heat(element,d.heat);
    n.leaf=!members&&!copies&&d.slot<count?d.slot:-1;
    if(n.leaf>=0||members||copies){
      n.frame=make('rect',{rx:6,fill:'none','pointer-events':n.leaf<0?'none':'all','class':'frame'});
      element.insertBefore(n.frame,element.firstChild)}
    if(n.leaf>=0)slider(n)});
  svg.querySelectorAll('.edge').forEach(function(element){
    /* A wire that goes on in another row of the picture has two parts. */
    var named=/-e(\d+)(-\w+)?$/.exec(element.id),tip=element.querySelector('polygon');
    var points=tip&&tip.getAttribute('points').split(' ').map(function(p){return p.split(',').map(Number)});
    if(tip){tip.setAttribute('fill','var(--group)');element.querySelector('path').setAttribute('stroke','var(--group)')}
    if(!named||!element.querySelector('path'))return;
    var k=+named[1];
    if(!v.edges[k])v.edges[k]={flows:all(drawn.edges[k]),parts:[]};
    v.edges[k].parts.push({path:element.querySelector('path'),tip:tip,points:points,width:null})});
  svg.querySelector('title').textContent=root.getAttribute('aria-label');
  return v}
/* ---- the squares of a dense layer: its weights, beside them its results, and below both their gradients ---- */
function heat(element,slots){
  return Array.from(element.querySelectorAll('g:not(.mark)'),function(g,k){
    var box=g.querySelector('rect'),row={g:g,slots:slots[k%slots.length],sums:k%2===1,slopes:k>=slots.length,marks:null};
    ['x','y','width','height'].forEach(function(side){row[side]=+box.getAttribute(side)});
    row.cells=row.sums?1:row.slots.length;
    g.querySelectorAll('path').forEach(function(old){old.remove()});
    g.addEventListener('pointermove',function(e){
      var slot=row.slots[cell(row,e)];
      if(slot!==pointed&&!e.buttons){pointed=slot;stage.refresh()}});
    g.addEventListener('pointerleave',function(){pointed=-1;stage.refresh()});
    if(!row.sums)draggable(g,function(e){return row.slots[cell(row,e)]});
    return row})}
function cell(row,e){
  var at=new DOMPoint(e.clientX,e.clientY).matrixTransform(row.g.getScreenCTM().inverse()).x;
  return Math.max(0,Math.min(row.cells-1,Math.floor((at-row.x)/row.width*row.cells)))}
function squared(row){
  /* The numbers of a row of squares; the result of a neuron is the median where there are several. */
  var found=row.slots.map(function(slot){return (row.slopes?gradients:values)[slot]});
  return row.sums?[found.includes(undefined)?undefined:middle(found)]:found}
function half(x){var r=Math.round(x);return r-x===.5&&r%2?r-1:r}
function paint(rows){
  var largest=[0,0,0,0],numbers=rows.map(squared);
  rows.forEach(function(row,k){
    var kind=2*row.slopes+row.sums;
    numbers[k].forEach(function(x){if(Math.abs(x)<Infinity&&Math.abs(x)>largest[kind])largest[kind]=Math.abs(x)})});
  rows.forEach(function(row,k){
    var most=largest[2*row.slopes+row.sums]||1;
    var marks=numbers[k].map(function(x){return x===x&&x!==undefined?Math.sign(x)*half(8*Math.min(1,Math.abs(x)/most)):0});
    if(String(marks)===row.marks)return;
    row.marks=String(marks);
    row.g.querySelectorAll('path').forEach(function(old){old.remove()});
    var side=row.width/row.cells,gap=side<4?0:.5,wide=(side-2*gap).toFixed(2),paths={};
    marks.forEach(function(m,i){
      if(!m)return;
      var inset=gap+(m<0?.22*row.height:0),high=(row.height-2*inset).toFixed(2);
      paths[m]=(paths[m]||'')+'M'+(row.x+i*side+gap).toFixed(2)+' '+(row.y+inset).toFixed(2)+'h'+wide+'v'+high+'h-'+wide+'z'});
    for(var m in paths)row.g.appendChild(make('path',{d:paths[m],fill:m>0?'var(--rose)':'var(--fell)','fill-opacity':Math.abs(m)/8}))})}
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
function sorted(numbers){return numbers.toSorted(function(a,b){return a!==a?(b!==b?0:1):b!==b?-1:a-b})}
function middle(numbers){return sorted(numbers)[Math.floor((numbers.length-1)/2)]}
function spreading(texts,slots,from,before){
  /* The largest, the median (the lower one of two) and the least of a stack, as in pictures. */
  var found=sorted(slots.map(function(slot){return from[slot]})),known=!found.includes(undefined);
  found=texts.length===3?[found[found.length-1],middle(found),found[0]]:[middle(found)];
  texts.forEach(function(text,k){write(text,before+(known?fitting(found[k],text.room):'?'))})}
function strange(){
  /* The first result that is inf or nan. */
  for(var slot=first;slot<values.length;slot++)if(values[slot]-values[slot]!==0)return slot;
  return undefined}
function show(){
  var old=before||{values:values,gradients:gradients};
  view.nodes.forEach(function(n){
    if(n.norm.element)write(n.norm,'|∇| '+(failed<0?fitting(norm(n.members),n.norm.room):'?'));
    if(n.heat)paint(n.heat);
    if(n.copies){spreading(n.spreads[0],n.copies,values,'');spreading(n.spreads[1],n.copies,gradients,'∇ ');return}
    if(n.slot===undefined)return;
    var v=values[n.slot],g=gradients[n.slot];
    alarm(n,v!==undefined&&v-v!==0||g!==undefined&&g-g!==0);
    write(n.value,v===undefined?'?':fitting(v,data.room));
    write(n.gradient,g===undefined?'∇ ?':'∇ '+fitting(g,data.room));
    ghost(n.oldValue,old.values[n.slot],v);
    ghost(n.oldGradient,old.gradients[n.slot],g);
    if(n.leaf>=0){
      var text=short(v,data.precision);
      if(n.spoken!==text){n.element.setAttribute('aria-valuenow',v===v?v:0);n.element.setAttribute('aria-valuetext',text);n.spoken=text}}
    if(n.wire){var w=g===undefined?.8:Math.round(width(g)*20)/20;
      if(n.width!==w){n.wire.setAttribute('stroke-width',w);n.width=w}}});
  view.edges.forEach(function(edge){
    if(!edge.flows.length)return;
    var flow=failed<0?edge.flows.reduce(function(sum,place){return sum+parts[place]},0):undefined;
    edge.parts.forEach(function(part){widen(part,flow)})});
  halos.forEach(function(h){h.remove()});halos=[];
  var lines=[],crossed=crossings();
  if(failed>=0)lines.push(backwards?"{{The gradients can't be computed with these numbers}}":
    "{{It can't be computed with these numbers}}: "+data.names[failed]);
  var odd=strange();
  if(odd!==undefined)lines.push(data.names[odd]+' = '+short(values[odd],data.precision));
  crossed.slice(0,3).forEach(function(w){lines.push(w.says)});
  new Set(crossed.map(function(w){return w.slot}).concat(failed,odd).map(function(slot){return view.home[slot]})).forEach(mark);
  say(lines.join('; '));
  var r=result(),was=old.values[data.root];
  show.result.textContent=data.names[data.root].split(' = ')[0]+' = '+(r===undefined?'?':
    (was!==undefined&&!Object.is(was,r)?short(was,data.precision)+' → ':'')+short(r,data.precision));
  refill();
  if(stage.place>=0)stage.refresh();
  root.setAttribute('data-updates',updates)}
show.result=root.querySelector('.result');
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
  var n=view.nodes[place],b=n&&n.box;
  if(!b)return;
  var frame=make('rect',{x:b.x-5,y:b.y-5,width:b.width+10,height:b.height+10,rx:8,fill:'var(--changed)',stroke:'var(--text)','stroke-width':2,'class':'crossed'});
  view.ground.parentNode.insertBefore(frame,view.ground.nextSibling);halos.push(frame)}
var event=root.querySelector('.event');
function say(text){if(event.textContent!==text)event.textContent=text}

stage.told=function(place){
  if(place<0)return data.hint;
  var n=view.nodes[place],slot=n.heat&&pointed>=0?pointed:n.slot;
  if(slot===undefined)return n.told;
  var v=values[slot],g=gradients[slot];
  return (slot===n.slot?n.told:n.told+': '+data.names[slot])+
    '\n{{value}} '+(v===undefined?'?':short(v,17))+', {{gradient}} '+(g===undefined?'?':short(g,17))};

/* ---- changing a number ---- */
var waiting=false,gesture='',last=0;
function changed(){
  if(waiting)return;
  waiting=true;
  requestAnimationFrame(function(){waiting=false;update()})}
function update(){
  compute();show();
  root.dispatchEvent(new CustomEvent('glassgrad:values',{detail:values.slice(0,count)}))}
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
start.forEach(function(x,i){
  var option=document.createElement('option');
  option.value=i;option.textContent=data.names[i];which.appendChild(option)});
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
  chosen=i;which.value=i;field.removeAttribute('aria-invalid');
  light();refill()}
function light(){
  /* A frame around the chosen input: a number, a square of a dense layer, or the box or stack that it is in. */
  var n=view.nodes[view.home[chosen]],lit=view.chosen;
  if(lit){lit.element.classList.remove('chosen');if(lit.square)lit.square.remove()}
  view.chosen=n;
  if(!n)return;
  n.element.classList.add('chosen');
  (n.heat||[]).forEach(function(row){
    var k=row.slopes||row.sums?-1:row.slots.indexOf(chosen),side=row.width/row.cells;
    if(k>=0)n.square=n.element.appendChild(make('rect',{x:row.x+k*side-1,y:row.y-1,width:side+2,height:row.height+2,'class':'square'}))})}
function type(){
  var x=parsed(field.value);
  if(x===undefined){field.setAttribute('aria-invalid','true');return}
  field.removeAttribute('aria-invalid');begin('typed '+chosen);set(chosen,x)}
function draggable(element,input){
  /* Dragging sideways changes an input; input(event) says which. */
  var held=null;
  element.addEventListener('pointerdown',function(e){
    if(e.button)return;
    var i=input(e);
    halt();choose(i);gesture='';begin('');gesture='drag';
    held={i:i,x:e.clientX,at:values[i]-values[i]===0?values[i]:start[i],fine:e.shiftKey};
    element.setPointerCapture(e.pointerId);e.preventDefault();e.stopPropagation()});
  element.addEventListener('pointermove',function(e){
    if(!held)return;
    var i=held.i,dx=e.clientX-held.x,grid=unit(i)*(e.shiftKey?.1:1);
    if(e.shiftKey!==held.fine){held={i:i,x:e.clientX,at:values[i],fine:e.shiftKey};dx=0}
    if(Math.abs(dx)>=2||held.moved){held.moved=true;set(i,tidy(held.at+Math.round(dx/4)*grid,grid))}});
  function drop(){held=null}
  element.addEventListener('pointerup',drop);element.addEventListener('pointercancel',drop);
  element.addEventListener('dblclick',function(){field.focus();field.select()})}
function slider(n){
  /* An input that is drawn is changed by pointer and by keys. */
  var i=n.leaf,element=n.element;
  element.setAttribute('data-leaf',i);element.setAttribute('tabindex','0');element.setAttribute('role','slider');
  element.setAttribute('aria-label',data.names[i]);
  element.addEventListener('focus',function(){choose(i)});
  /* Nothing is dimmed around a number that is about to be changed. */
  element.addEventListener('pointerover',function(e){e.stopPropagation();stage.tell(-1)});
  draggable(element,function(){element.focus({preventScroll:true});return i});
  element.addEventListener('keydown',function(e){
    if(e.ctrlKey||e.metaKey||e.altKey||e.target!==element)return;
    var steps={ArrowRight:1,ArrowUp:1,ArrowLeft:-1,ArrowDown:-1,PageUp:10,PageDown:-10}[e.key];
    if(steps){halt();begin('keys '+i);moved(i,steps,e.shiftKey)}
    else if(e.key==='Home'){halt();begin('keys '+i);set(i,start[i])}
    else if(e.key==='Enter'){field.focus();field.select()}
    else if(/^[-+.0-9]$/.test(e.key)){field.value=e.key;field.focus();field.setSelectionRange(1,1);field.dispatchEvent(new Event('input'))}
    else return;
    e.preventDefault();e.stopPropagation()})}
function back(){
  /* From the field to the input, where that is drawn. */
  var n=view.nodes[view.home[chosen]];
  if(n&&n.leaf>=0)n.element.focus()}
which.addEventListener('change',function(){choose(+which.value)});
field.addEventListener('input',function(){halt();if(!/^[-+.]?$/.test(field.value.trim()))type()});
field.addEventListener('change',type);
field.addEventListener('keydown',function(e){
  var steps={ArrowUp:1,ArrowDown:-1,PageUp:10,PageDown:-10}[e.key];
  if(e.key==='Enter'){type();if(!field.getAttribute('aria-invalid'))back()}
  else if(e.key==='Escape'){field.removeAttribute('aria-invalid');field.value='';refill();back()}
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
  var moves=start.map(function(x,i){return fixed[i]?values[i]:values[i]-rate*gradients[i]});
  var moving=moves.some(function(x,i){return !Object.is(x,values[i])});
  if(!moving)return false;
  depart();
  moves.forEach(function(x,i){values[i]=x});
  compute();record();
  return moving}
function depart(){if(!history.length)history=[result()]}
function record(){
  /* The result after a step; of a long way that after every second step, after every fourth, ... */
  taken++;
  if(taken%stride)return;
  history.push(result());
  if(history.length>2000){history=history.filter(function(y,i){return i%2===0});stride*=2}}
function plot(){
  var ys=history.filter(function(y){return y-y===0}),low=Math.min.apply(null,ys),high=Math.max.apply(null,ys);
  var spread=high-low||1,count=Math.max(1,history.length-1),every=Math.max(1,Math.floor(history.length/160)),points=[];
  history.forEach(function(y,i){if(y-y===0&&(i%every===0||i===history.length-1))points.push((3+154*i/count).toFixed(1)+','+(high===low?18:32-28*(y-low)/spread).toFixed(1))});
  line.setAttribute('points',ys.length?points.join(' '):'');
  curve.setAttribute('aria-label',history.length?'{{the result after each step}}: '+short(history[0],data.precision)+' → '+short(result(),data.precision)+' ('+taken+')':'{{the result after each step}}');
  curve.style.visibility=history.length?'':'hidden';
  root.setAttribute('data-steps',taken)}
function halt(){
  if(timer===null)return;
  clearInterval(timer);timer=null;runner.textContent='▶ {{run}}'}
function announce(){show();plot();root.dispatchEvent(new CustomEvent('glassgrad:values',{detail:values.slice(0,count)}))}
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
  history=[];taken=0;stride=1;fixed=held();
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
  /* How large each node of a picture is with the widest numbers; nothing can be measured before the page is seen. */
  if(view.measured||!stage.svg.getBoundingClientRect().width)return;
  var wide='0'.repeat(data.room),sides=['x','y','width','height'],marks=stage.svg.querySelectorAll('.mark');
  marks.forEach(function(g){g.style.display='none'});
  view.nodes.forEach(function(n){
    if(n.slot!==undefined&&!n.copies){write(n.value,wide);write(n.gradient,'∇ '+wide);write(n.oldValue,'▲ '+wide);write(n.oldGradient,'▲ '+wide)}
    if(n.frame)sides.forEach(function(side){n.frame.setAttribute(side,0)})});
  view.nodes.forEach(function(n){n.box=n.element.getBBox()});
  marks.forEach(function(g){g.style.display=''});
  view.nodes.forEach(function(n){
    if(n.frame)sides.forEach(function(side,k){n.frame.setAttribute(side,n.box[side]+(k<2?-4:8))})});
  view.measured=true;show()}
opening.turned=function(){pointed=-1;view=shown();light();show();measure()};
view=shown();compute();remember();before=null;choose(0);show();plot();stage.refresh();
new ResizeObserver(measure).observe(root);measure();
root.glassgrad={
  get values(){return values.slice(0,count)},
  get gradients(){return gradients.slice(0,count)},
  get numbers(){return values.slice()},
  get slopes(){return gradients.slice()},
  set:function(numbers){
    /* From outside, as from a training loop: the curve goes on. */
    halt();begin('from outside');depart();
    numbers.forEach(function(x,i){values[i]=num(x)});
    compute();record();show();plot()},
  follow:function(numbers){
    /* From outside, as by hand. */
    halt();begin('from outside');
    numbers.forEach(function(x,i){values[i]=num(x)});
    compute();show()},
  update:update,short:short};
