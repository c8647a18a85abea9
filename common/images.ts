/** Grey images of one size, a byte a pixel. */
export interface Images {
  readonly count: number;
  /** pixels */
  readonly height: number;
  readonly width: number;
  /** (count, height, width), row by row; 0 black, 255 white */
  readonly pixels: Uint8Array;
}
