(()=>{let d=document,l=location,s=d.currentScript,h=history,n=performance.getEntriesByType("navigation")[0]||{},a=d.prerendering,r=d.referrer,o,
k=()=>l.pathname+l.search,
f=x=>{let e=d.getElementById("trackside-notice"),q=new URLSearchParams({p:(o=k()).slice(0,2048),r:r.slice(0,2048),t:d.title.slice(0,500)});
x&&q.set("s",x);e&&q.set("n",1);r=l.href;
fetch(s.src.replace(/[^/]*$/,"?")+q,{method:"POST",mode:"same-origin",keepalive:!0}).then(x=>e&&x.status==200&&x.text().then(t=>{e.textContent=t;e.hidden=!1})).catch(()=>{})},
c=()=>setTimeout(()=>o!=k()&&f()),
w=m=>{let g=h[m];h[m]=function(){g.apply(this,arguments);c()}},
b=()=>{if(s.dataset.counted==null||a||n.deliveryType||n.transferSize===0&&!n.workerStart)f(n.responseStatus);else o=k(),r=l.href;
w("pushState");w("replaceState");addEventListener("popstate",c);addEventListener("pageshow",e=>e.persisted&&f())};
a?d.addEventListener("prerenderingchange",b,{once:!0}):b()})()
