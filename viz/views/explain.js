/* The explanation: the paths of the input that is chosen, on the picture and as a bar. DATA has them, and which comes first. */
var facts=DATA,inputs=facts.inputs,svg=stage.svg,rows=root.querySelector('.rows'),chosen=root.querySelector('.chosen'),now=-1;
var wires=svg.querySelectorAll('.wire');
var buttons=root.querySelectorAll('[data-input]'),layer=document.createElementNS(svg.namespaceURI,'g');
svg.querySelectorAll('.way').forEach(function(way){way.remove()});
svg.insertBefore(layer,svg.querySelector('.node'));
root.querySelector('details').open=false;
function fade(thing,on){thing.setAttribute('opacity',on?1:.22)}
/* The wires that paths go along are not drawn themselves. */
function paint(thing,hidden){thing.querySelectorAll('path').forEach(function(p){p.style.stroke=hidden?'none':'var(--line)'});
  thing.querySelectorAll('polygon').forEach(function(p){p.style.fill=hidden?'none':'var(--line)'})}
function clear(){
  var nodes={},edges={};
  layer.querySelectorAll('.way').forEach(function(way){
    way.getAttribute('data-nodes').split(' ').forEach(function(n){nodes[n]=1});
    way.getAttribute('data-edges').split(' ').forEach(function(e){edges[e]=1})});
  wires.forEach(function(w){paint(w,nodes[w.getAttribute('data-wire')])});
  svg.querySelectorAll('.edge').forEach(function(e){paint(e,edges[e.getAttribute('data-to')+'.'+e.getAttribute('data-operand')])})}
function light(place){
  if(place===now)return;
  now=place;
  var it=inputs[place],on={};
  it.lit.forEach(function(p){on[p]=1});
  layer.innerHTML=it.ways[stage.narrow?1:0];clear();rows.innerHTML=it.rows;chosen.textContent=it.title;
  for(var p in stage.nodes)fade(stage.nodes[p],on[p]);
  wires.forEach(function(w){fade(w,on[w.getAttribute('data-wire')])});
  svg.querySelectorAll('[data-to]').forEach(function(e){var from=e.getAttribute('data-from');
    fade(e,on[e.getAttribute('data-to')]&&from!==null&&on[from])});
  buttons.forEach(function(b){b.setAttribute('aria-pressed',+b.getAttribute('data-input')===place)})}
/* One path alone, while the pointer or the focus is on its row or on its line. */
function single(k){
  layer.querySelectorAll('.way').forEach(function(way){way.setAttribute('opacity',k===null||way.getAttribute('data-way')===k?1:.12)});
  rows.querySelectorAll('[data-row]').forEach(function(row){row.classList.toggle('on',row.getAttribute('data-row')===k)})}
function row(e){var b=e.target.closest('[data-row]');single(b?b.getAttribute('data-row'):null)}
rows.addEventListener('pointerover',row);rows.addEventListener('focusin',row);
rows.addEventListener('pointerleave',function(){single(null)});rows.addEventListener('focusout',function(){single(null)});
layer.addEventListener('pointerover',function(e){var way=e.target.closest('.way');single(way?way.getAttribute('data-way'):null)});
layer.addEventListener('pointerleave',function(){single(null)});
buttons.forEach(function(b){['pointerenter','focus','click'].forEach(function(what){
  b.addEventListener(what,function(){light(+b.getAttribute('data-input'))})})});
var told=stage.told;
stage.told=function(place){if(inputs[place])light(place);return told(place)};
light(facts.first);
