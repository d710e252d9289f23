/* Runs a fragment's script, once for each place where the fragment stands on the page. IDENT and SCRIPT are put in. */
(function(){
  var all=document.querySelectorAll('[data-glassgrad="IDENT"]:not([data-ready])');
  for(var i=0;i<all.length;i++){
    all[i].setAttribute('data-ready','');
    /* oxlint-disable-next-line no-unused-vars, no-unused-expressions */
    (function(root){SCRIPT})(all[i])
  }
})()
