/* The page to play with as a widget: the model has its HTML and its script; numbers go both ways. */
function plain(x){return x-x!==0?(x!==x?'nan':x>0?'inf':'-inf'):Object.is(x,-0)?'-0.0':x}
async function render(context){
  var model=context.model,el=context.el,names=model.get('_names');
  el.innerHTML=model.get('_html');
  var root=el.firstElementChild,url=URL.createObjectURL(new Blob([model.get('_script')],{type:'text/javascript'}));
  try{(await import(url)).default(root)}finally{URL.revokeObjectURL(url)}
  var page=root.glassgrad,timer=null,sent='';
  function here(){return JSON.stringify(page.values.map(plain))}
  function there(){var found=model.get('values');return JSON.stringify(names.map(function(name){return found[name]}))}
  function send(){
    timer=null;
    var numbers=page.values.map(plain),found={};
    names.forEach(function(name,i){found[name]=numbers[i]});
    sent=JSON.stringify(numbers);
    model.set('values',found);model.save_changes()}
  function moved(){if(timer===null)timer=setTimeout(send,50)}
  function follow(){
    /* What comes back of one's own is no news, and neither is what is shown already. */
    var found=there();
    if(found===sent||found===here()){sent='';return}
    sent='';clearTimeout(timer);timer=null;
    page.set(JSON.parse(found))}
  if(there()!==here())page.set(JSON.parse(there()));
  root.addEventListener('glassgrad:values',moved);
  model.on('change:values',follow);
  return function(){clearTimeout(timer);model.off('change:values',follow);root.removeEventListener('glassgrad:values',moved)}}
export default {render:render};
