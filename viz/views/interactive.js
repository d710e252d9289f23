/* Hover, zoom, move and keyboard. DATA has a hint and what is told of each node, root is the fragment. */
var data=DATA,stage=root.querySelector('.stage'),svg=stage.querySelector('svg'),told=root.querySelector('.told');
var box=svg.viewBox.baseVal,full=[box.x,box.y,box.width,box.height],view=full.slice();
var nodes=svg.querySelectorAll('[data-node]'),edges=svg.querySelectorAll('.edge'),current=-1;
function show(){svg.setAttribute('viewBox',view.join(' '))}
function zoom(factor,cx,cy){
  var w=Math.min(full[2]*4,Math.max(full[2]/40,view[2]*factor)),k=w/view[2];
  view=[cx-(cx-view[0])*k,cy-(cy-view[1])*k,w,view[3]*k];show()}
function middle(){return [view[0]+view[2]/2,view[1]+view[3]/2]}
function at(event){var r=svg.getBoundingClientRect(),k=Math.max(view[2]/r.width,view[3]/r.height);
  return [view[0]+view[2]/2+(event.clientX-r.left-r.width/2)*k,view[1]+view[3]/2+(event.clientY-r.top-r.height/2)*k]}
function tell(place){
  if(place===current)return;current=place;
  told.textContent=place<0?data.hint:data.nodes[place];
  var near={};if(place>=0)near[place]=1;
  edges.forEach(function(e){var a=e.getAttribute('data-from'),b=e.getAttribute('data-to'),on=place<0||a==place||b==place;
    e.style.opacity=on?'':'.2';if(place>=0&&on){if(a!==null)near[a]=1;near[b]=1}});
  nodes.forEach(function(n){n.style.opacity=place<0||near[n.getAttribute('data-node')]?'':'.3'})}
nodes.forEach(function(n){n.addEventListener('pointerenter',function(){tell(+n.getAttribute('data-node'))});
  n.addEventListener('pointerleave',function(){tell(-1)})});
stage.addEventListener('wheel',function(e){e.preventDefault();var p=at(e);zoom(e.deltaY>0?1.15:1/1.15,p[0],p[1])},
  {passive:false});
var held=null;
stage.addEventListener('pointerdown',function(e){held=[e.clientX,e.clientY]});
stage.addEventListener('pointermove',function(e){if(!held||!e.buttons){held=null;return}
  var r=svg.getBoundingClientRect(),k=Math.max(view[2]/r.width,view[3]/r.height);
  view[0]-=(e.clientX-held[0])*k;view[1]-=(e.clientY-held[1])*k;held=[e.clientX,e.clientY];show()});
stage.addEventListener('pointerup',function(){held=null});
function act(what){var m=middle();
  if(what==='in')zoom(1/1.3,m[0],m[1]);else if(what==='out')zoom(1.3,m[0],m[1]);else{view=full.slice();show()}}
root.querySelectorAll('button').forEach(function(b){b.addEventListener('click',function(){act(b.getAttribute('data-act'))})});
stage.addEventListener('keydown',function(e){var step=view[2]/12,known=true;
  if(e.key==='+'||e.key==='=')act('in');else if(e.key==='-')act('out');else if(e.key==='0')act('all');
  else if(e.key==='ArrowLeft')view[0]-=step;else if(e.key==='ArrowRight')view[0]+=step;
  else if(e.key==='ArrowUp')view[1]-=step;else if(e.key==='ArrowDown')view[1]+=step;
  else if(e.key==='n'||e.key==='p'){var d=e.key==='n'?1:-1;tell((current+d+data.nodes.length)%data.nodes.length)}
  else if(e.key==='Escape')tell(-1);else known=false;
  if(known){e.preventDefault();show()}});
told.textContent=data.hint;
