// What the scripts of the maps read and share, for the type check alone.
import "leaflet";

declare global {
  interface Window {
    essgeoData: any;
  }

  interface Shape {
    kind: string;
    rings: import("leaflet").Point[][];
    box: import("leaflet").Bounds;
  }

  interface Column {
    values: any[];
    places: Uint8Array | Uint32Array;
  }

  interface Pin {
    shape: string;
    colour: string;
    scale?: number;
    hollow?: boolean;
  }
}

declare module "leaflet" {
  interface CircleMarkerOptions {
    symbol?: Pin;
    count?: number;
  }
  interface GeoJSONOptions {
    renderer?: Renderer;
  }
}
