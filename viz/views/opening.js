/* A + at each box and stack that can be opened, a − at what was opened. STATES has for each picture its marks, and of all but the
   first one, which is on the stage already, what it is: svg, about, and what else a view knows of it. `opening` is what this gives:
   at: which picture is shown; states: all of them; turned(): called when another one is, which a view may replace. */
/* oxlint-disable-next-line no-unused-vars */
var opening=(function(){
  var SIGNS='abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',states=STATES,it={at:0,states:states,turned:function(){}};
  function corners(node){
    /* Left, top and right of a node's own shape, without its wire, its numbers and the dot at a fork. */
    var boxes=Array.from(node.children).filter(function(part){
      return part.nodeName==='rect'||part.nodeName==='circle'&&part.r.baseVal.value>6}).map(function(part){return part.getBBox()});
    if(!boxes.length)boxes=[node.getBBox()];
    return [Math.min.apply(null,boxes.map(function(b){return b.x})),Math.min.apply(null,boxes.map(function(b){return b.y})),
      Math.max.apply(null,boxes.map(function(b){return b.x+b.width}))]}
  function mark(m,at,state){
    var svg=stage.svg,ns=svg.namespaceURI,x=m.sign==='+'?Math.min(svg.viewBox.baseVal.width-10,at[2]):Math.max(10,at[0]);
    var y=Math.max(10,at[1]),g=document.createElementNS(ns,'g');
    var c=document.createElementNS(ns,'circle'),t=document.createElementNS(ns,'text'),title=document.createElementNS(ns,'title');
    c.setAttribute('cx',x);c.setAttribute('cy',y);c.setAttribute('r',9);c.setAttribute('fill','var(--ground)');
    c.setAttribute('stroke','var(--rose)');c.setAttribute('stroke-width','1.6');
    t.setAttribute('x',x);t.setAttribute('y',y+5);t.setAttribute('text-anchor','middle');t.setAttribute('font-size','15');
    t.setAttribute('font-weight','bold');t.setAttribute('fill','var(--rose)');t.textContent=m.sign;title.textContent=m.words;
    g.setAttribute('class','mark');g.setAttribute('role','button');g.setAttribute('tabindex','0');g.setAttribute('aria-label',m.words);
    g.setAttribute('data-sign',m.sign);g.append(title,c,t);stage.nodes[m.place].appendChild(g);
    state.buttons.push({to:m.to,place:m.place,element:g});
    g.addEventListener('pointerdown',function(e){e.stopPropagation()});
    g.addEventListener('click',function(){turn(m.to)});
    g.addEventListener('keydown',function(e){if(e.key==='Enter'||e.key===' '){e.preventDefault();e.stopPropagation();turn(m.to)}})}
  function unpacked(words){
    /* A text in which ~a, ~b and so on stand for words; the last word comes first. */
    var text=words[0];
    for(var i=words.length-1;i>0;i--)text=text.replaceAll('~'+SIGNS.charAt(i-1),function(){return words[i]});
    return text}
  function turn(to){
    /* The mark that leads back gets the focus, and what was opened comes into sight. */
    var was=it.at,state=states[to];
    if(!state.element)state.element=new DOMParser().parseFromString(unpacked(state.svg),'image/svg+xml').documentElement;
    it.at=to;stage.set(state.element,state.about);marks();it.turned();
    var back=state.buttons.find(function(b){return b.to===was})||state.buttons[0];
    if(!back)return;
    if(to)stage.closer(back.place);
    back.element.focus({preventScroll:true})}
  function marks(){
    /* Once for each picture, and not before it is seen: until then nothing has a place. */
    var state=states[it.at];
    if(!state||state.buttons||!stage.svg.getBoundingClientRect().width)return;
    state.buttons=[];
    var made=state.marks.filter(function(m){return stage.nodes[m.place]&&states[m.to].marks});
    /* All are measured before a mark makes one of them larger. */
    var places=made.map(function(m){return corners(stage.nodes[m.place])});
    made.forEach(function(m,i){mark(m,places[i],state)})}
  if(states.length){states[0].element=stage.svg;states[0].about=stage.about}
  new ResizeObserver(marks).observe(root);
  marks();
  return it})();
