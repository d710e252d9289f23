/* The stage on which a live picture stands: zoom, movement, search, and what is near a node. Written into a view's script,
   which has STAGE beside DATA, and `stage` as what this gives:
   svg: the picture; nodes: its nodes by place; place: the one that is told of, or -1; told(place): what is told of a node, or of
   none at -1, which a view may replace; tell(place): tell of it, and dim what is not near; follow(place): move it into sight;
   closer(place): the same, so large that it can be read;
   refresh(): the same again after numbers have changed; fit(): show all; narrow: whether it began with the picture for a phone;
   about: the words of the picture; set(svg, about): another picture in its place, with what STAGE would have of it. */
/* oxlint-disable-next-line no-unused-vars */
var stage=(function(){
  var still=root.querySelector('img.still'),live=document.createElement('div');
  var bytes=Uint8Array.from(atob(still.src.split(',')[1]),function(c){return c.charCodeAt(0)});
  var read=parsed(new TextDecoder().decode(bytes));
  live.innerHTML=LIVE;still.replaceWith(live);
  var view=root.querySelector('.stage'),told=root.querySelector('.told'),search=root.querySelector('.tools input');
  var hits=root.querySelector('.hits'),sheet=document.createElement('div'),about,over,near,boxes,size;
  var scale=1,whole=true,pinned=false,last='';
  var it={place:-1,nodes:{},told:function(place){
    var title=place<0?null:it.nodes[place].querySelector('title');
    return title?title.textContent:about.hint},tell:tell,follow:follow,closer:closer,refresh:refresh,fit:fit,set:set};
  var VEIL=[{name:'fill-rule',value:'evenodd'},{name:'fill',value:'var(--ground)'},{name:'opacity',value:'.78'}];
  sheet.className='sheet';view.appendChild(sheet);
  function parsed(text){return new DOMParser().parseFromString(text,'image/svg+xml').documentElement}
  /* The width that viz/scene/fit.py calls a phone's. */
  function phone(){return (view.clientWidth||document.documentElement.clientWidth)<=480}
  function set(svg,facts){
    about=it.about=facts;it.svg=svg;it.place=-1;it.nodes={};near={};pinned=false;
    var box=svg.viewBox.baseVal;size=[box.width,box.height];
    svg.removeAttribute('style');
    over=document.createElementNS(svg.namespaceURI,'svg');
    ['viewBox','font-family','data-picture'].forEach(function(n){if(svg.hasAttribute(n))over.setAttribute(n,svg.getAttribute(n))});
    over.setAttribute('aria-hidden','true');over.style.display='none';
    sheet.replaceChildren(svg,over);
    /* What is near a node: its wires, itself and what is at their other ends, its constants. Found once, not at each hover. */
    svg.querySelectorAll('[data-node]').forEach(function(n){var p=+n.getAttribute('data-node');it.nodes[p]=n;
      near[p]={wires:[],nodes:new Set([n]),constants:[]}});
    svg.querySelectorAll('[data-to]').forEach(function(e){
      var to=e.getAttribute('data-to'),from=e.getAttribute('data-from');
      if(near[to]){near[to][e.classList.contains('constant')?'constants':'wires'].push(e);if(near[from])near[to].nodes.add(it.nodes[from])}
      if(near[from]&&from!==to){near[from].wires.push(e);if(near[to])near[from].nodes.add(it.nodes[to])}});
    refresh();fit()}
  function tell(place){
    if(place===it.place)return;
    it.place=place;show()}
  function refresh(){boxes=new Map();show()}
  function show(){
    var place=it.place;
    if(place<0){over.style.display='none';over.replaceChildren();told.textContent=it.told(-1);return}
    /* A veil over all, with a hole for each node that is near: what is in a hole is still the picture itself. Only wires are drawn
       again above the veil, all lines that look alike as one path, and words on them. So few elements are made, whatever is
       near. */
    var holes='',lines=new Map(),words=[],own=box(it.nodes[place]);
    function hole(b){holes+='M'+b[0]+' '+b[1]+'V'+b[3]+'H'+b[2]+'V'+b[1]+'Z'}
    near[place].constants.forEach(function(c){own=joined(own,box(c))});
    near[place].nodes.forEach(function(n){hole(n===it.nodes[place]?own:box(n))});
    near[place].wires.forEach(function(e){Array.prototype.forEach.call(e.children,function(part){
      var d=part.getAttribute('d')||part.hasAttribute('points')&&'M'+part.getAttribute('points')+'Z';
      if(part.tagName==='title')return;
      if(!d){words.push(part.cloneNode(true));return}
      var look=Array.prototype.filter.call(part.attributes,function(a){return a.name!=='d'&&a.name!=='points'});
      var key=look.map(function(a){return a.name+a.value}).join();
      if(lines.has(key))lines.get(key).d+=d;else lines.set(key,{look:look,d:d})})});
    var paths=[path('M0 0H'+size[0]+'V'+size[1]+'H0Z'+holes,VEIL)];
    lines.forEach(function(line){paths.push(path(line.d,line.look))});
    over.setAttribute('class',it.svg.getAttribute('class')||'');
    over.replaceChildren.apply(over,paths.concat(words));over.style.display='';told.textContent=it.told(place)}
  function path(d,look){
    var p=document.createElementNS(over.namespaceURI,'path');
    p.setAttribute('d',d);look.forEach(function(a){p.setAttribute(a.name,a.value)});
    return p}
  /* Where a thing is; asked of the browser once, until numbers change. */
  function box(thing){
    if(!boxes.has(thing)){var b=thing.getBBox();boxes.set(thing,[b.x-3,b.y-1,b.x+b.width+3,b.y+b.height+1])}
    return boxes.get(thing)}
  function joined(a,b){return [Math.min(a[0],b[0]),Math.min(a[1],b[1]),Math.max(a[2],b[2]),Math.max(a[3],b[3])]}
  /* ---- size and place: a sheet in a window, moved as a page is moved ---- */
  function least(){return Math.min(1,view.clientWidth/size[0],418/size[1])}
  function draw(){sheet.style.width=size[0]*scale+'px';sheet.style.height=size[1]*scale+'px'}
  function fit(){
    whole=true;
    if(!view.clientWidth)return;
    /* On a phone words are not made smaller than they are, 11 px or more, and the picture is moved to see the rest. */
    scale=phone()?1:least();
    draw();view.scrollLeft=view.scrollTop=0}
  function zoom(factor,x,y){
    var to=Math.max(least(),Math.min(4,scale*factor)),left=sheet.offsetLeft,top=sheet.offsetTop;
    if(x===undefined){x=view.clientWidth/2;y=view.clientHeight/2}
    var px=(view.scrollLeft+x-left)/scale,py=(view.scrollTop+y-top)/scale;
    scale=to;whole=false;draw();
    view.scrollLeft=px*scale+sheet.offsetLeft-x;view.scrollTop=py*scale+sheet.offsetTop-y}
  function here(event){var r=view.getBoundingClientRect();return [event.clientX-r.left-view.clientLeft,event.clientY-r.top-view.clientTop]}
  function pick(place){pinned=true;tell(place);follow(place)}
  function follow(place){
    var n=it.nodes[place].getBoundingClientRect(),r=view.getBoundingClientRect();
    if(n.left<r.left||n.right>r.right)view.scrollLeft+=n.left+n.width/2-r.left-r.width/2;
    if(n.top<r.top||n.bottom>r.bottom)view.scrollTop+=n.top+n.height/2-r.top-r.height/2}
  function closer(place){if(scale<.8)zoom(.8/scale);follow(place)}
  new ResizeObserver(function(){if(whole)fit()}).observe(view);
  /* ---- pointer, wheel, fingers ---- */
  sheet.addEventListener('pointerover',function(e){
    var n=e.target.closest('[data-node]');
    if(n){pinned=false;tell(+n.getAttribute('data-node'))}else if(!pinned)tell(-1)});
  view.addEventListener('pointerleave',function(){if(!pinned)tell(-1)});
  view.addEventListener('wheel',function(e){
    if(!e.ctrlKey&&!e.metaKey)return;
    e.preventDefault();var p=here(e);zoom(Math.exp(-Math.max(-50,Math.min(50,e.deltaY))/180),p[0],p[1])},{passive:false});
  var held=null,moving=false;
  view.addEventListener('pointerdown',function(e){held=e.pointerType!=='touch'&&e.button===0?[e.clientX,e.clientY]:null});
  view.addEventListener('pointermove',function(e){
    if(!held||!e.buttons){held=null;return}
    var dx=e.clientX-held[0],dy=e.clientY-held[1];
    if(!moving&&Math.abs(dx)+Math.abs(dy)<4)return;
    if(!moving){moving=true;view.setPointerCapture(e.pointerId);view.classList.add('held')}
    view.scrollLeft-=dx;view.scrollTop-=dy;held=[e.clientX,e.clientY]});
  function drop(){held=null;moving=false;view.classList.remove('held')}
  view.addEventListener('pointerup',drop);view.addEventListener('pointercancel',drop);
  var spread=0;
  function fingers(e){var a=here(e.touches[0]),b=here(e.touches[1]);
    return [Math.hypot(a[0]-b[0],a[1]-b[1])||1,(a[0]+b[0])/2,(a[1]+b[1])/2]}
  view.addEventListener('touchstart',function(e){spread=e.touches.length===2?fingers(e)[0]:0},{passive:true});
  view.addEventListener('touchmove',function(e){
    if(e.touches.length!==2||!spread)return;
    e.preventDefault();var f=fingers(e);zoom(f[0]/spread,f[1],f[2]);spread=f[0]},{passive:false});
  /* ---- buttons and keys ---- */
  function act(what){if(what==='in')zoom(1.3);else if(what==='out')zoom(1/1.3);else fit()}
  root.querySelectorAll('[data-zoom]').forEach(function(b){b.addEventListener('click',function(){act(b.getAttribute('data-zoom'))})});
  function step(by){
    var places=Object.keys(it.nodes).map(Number),k=places.indexOf(it.place);
    pick(places[k<0&&by<0?places.length-1:(k+by+places.length)%places.length])}
  view.addEventListener('keydown',function(e){
    if(e.ctrlKey||e.metaKey||e.altKey)return;
    var known=true,wide=view.scrollWidth>view.clientWidth,high=view.scrollHeight>view.clientHeight;
    if(e.key==='+'||e.key==='=')act('in');else if(e.key==='-')act('out');else if(e.key==='0')act('all');
    else if(e.key==='ArrowLeft'&&wide)view.scrollLeft-=60;else if(e.key==='ArrowRight'&&wide)view.scrollLeft+=60;
    else if(e.key==='ArrowUp'&&high)view.scrollTop-=60;else if(e.key==='ArrowDown'&&high)view.scrollTop+=60;
    else if(e.key==='n')step(1);else if(e.key==='p')step(-1);
    else if(e.key==='/')search.focus();
    else if(e.key==='Escape'&&it.place>=0){pinned=false;tell(-1)}else known=false;
    if(known){e.preventDefault();e.stopPropagation()}});
  /* ---- search: a number, the label, the operation; what fits best first ---- */
  function found(asked){
    var q=asked.trim().toLowerCase(),ranked=[];
    if(!q)return [];
    about.names.forEach(function(names,place){
      var best=q.charAt(0)==='#'?('#'+names[0]===q?0:9):9;
      names.slice(1).forEach(function(name){
        var at=name.toLowerCase().indexOf(q);
        if(at>=0)best=Math.min(best,name.length===q.length?1:at===0?2:3)});
      if(best<9&&it.nodes[place])ranked.push([best,place])});
    ranked.sort(function(a,b){return a[0]-b[0]||a[1]-b[1]});
    return ranked.map(function(r){return r[1]})}
  function look(by){
    var all=found(search.value),k=all.indexOf(it.place);
    if(!all.length){hits.textContent=search.value.trim()?'{{not found}}':'';pinned=false;tell(-1);return}
    k=last===search.value&&k>=0?(k+by+all.length)%all.length:0;
    last=search.value;pick(all[k]);hits.textContent=(k+1)+'{{ of }}'+all.length}
  search.addEventListener('input',function(){last='';look(0)});
  search.addEventListener('keydown',function(e){
    e.stopPropagation();
    if(e.key==='Enter'){e.preventDefault();look(e.shiftKey?-1:1)}
    if(e.key==='Escape'){search.value='';look(0);view.focus()}});
  var given=STAGE,narrow=phone()?given.narrow:null;
  it.narrow=Boolean(narrow);
  set(document.importNode(narrow?parsed(narrow.svg):read,true),narrow?narrow.about:given);
  return it})();
