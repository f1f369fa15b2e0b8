import { useEffect, useRef, useState } from "react";

import { said } from "./Viewer";
import { usePicture, type Pictured } from "./picture";
import { WaferCanvas } from "./WaferCanvas";

/** A small wafer map; its picture is fetched once it comes near the screen. */
export function Thumbnail({ pictured, name }: { pictured: Pictured; name: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (near || !place.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setNear(true), { rootMargin: "300px" });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [near]);
  return (
    <div ref={place} className="thumbnail">
      {near && <Drawn pictured={pictured} name={name} />}
    </div>
  );
}

function Drawn({ pictured, name }: { pictured: Pictured; name: string }) {
  const { data, isError } = usePicture(pictured);
  if (data) return <WaferCanvas grid={data} label={said(name, data)} />;
  return <span className="quiet">{isError ? "No picture" : ""}</span>;
}
