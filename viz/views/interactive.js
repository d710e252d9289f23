/* A + at each box and stack that can be opened, a − at what was opened. DATA is the list of pictures, the first one as it is. */
var states=DATA,first=[stage.svg,stage.about],open=0;
function mark(m,box){
  var svg=stage.svg,ns=svg.namespaceURI,x=box.x+box.width,y=Math.max(10,box.y),g=document.createElementNS(ns,'g');
  if(m.sign!=='+')x=Math.max(10,box.x);else x=Math.min(svg.viewBox.baseVal.width-10,x);
  var c=document.createElementNS(ns,'circle'),t=document.createElementNS(ns,'text'),title=document.createElementNS(ns,'title');
  c.setAttribute('cx',x);c.setAttribute('cy',y);c.setAttribute('r',9);c.setAttribute('fill','var(--ground)');
  c.setAttribute('stroke','var(--rose)');c.setAttribute('stroke-width','1.6');
  t.setAttribute('x',x);t.setAttribute('y',y+5);t.setAttribute('text-anchor','middle');t.setAttribute('font-size','15');
  t.setAttribute('font-weight','bold');t.setAttribute('fill','var(--rose)');t.textContent=m.sign;title.textContent=m.words;
  g.setAttribute('class','mark');g.setAttribute('role','button');g.setAttribute('tabindex','0');g.setAttribute('aria-label',m.words);
  g.setAttribute('data-sign',m.sign);g.append(title,c,t);stage.nodes[m.place].appendChild(g);
  function go(){turn(m.to,m.sign)}
  g.addEventListener('pointerdown',function(e){e.stopPropagation()});
  g.addEventListener('click',go);
  g.addEventListener('keydown',function(e){if(e.key==='Enter'||e.key===' '){e.preventDefault();e.stopPropagation();go()}})}
function turn(to,sign){
  var s=states[to];
  open=to;
  if(to===0)stage.set(first[0],first[1]);
  else stage.set(new DOMParser().parseFromString(s.svg,'image/svg+xml').documentElement,s.about);
  marks();
  var next=stage.svg.querySelector('.mark[data-sign="'+(sign==='+'?'−':'+')+'"]')||stage.svg.querySelector('.mark');
  if(next)next.focus({preventScroll:true})}
function marks(){
  stage.svg.querySelectorAll('.mark').forEach(function(g){g.remove()});
  if(!states.length)return;
  var made=states[open].marks.filter(function(m){return stage.nodes[m.place]&&states[m.to].marks});
  /* All are measured before a mark makes one of them larger. */
  var boxes=made.map(function(m){return stage.nodes[m.place].getBBox()});
  made.forEach(function(m,i){mark(m,boxes[i])})}
marks();
