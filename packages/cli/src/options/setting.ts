/** The unparsed value of a key in a configuration file. Never empty. */
export type Setting = SettingText | SettingList | SettingMap;

export interface SettingText {
  readonly kind: 'text';
  /** For messages: `.dray.yml:4: images`; empty if the text is clear without it. */
  readonly place: string;
  /** As written in the file. */
  readonly text: string;
}

export interface SettingList {
  readonly kind: 'list';
  readonly place: string;
  readonly items: readonly Setting[];
}

export interface SettingMap {
  readonly kind: 'map';
  readonly place: string;
  readonly members: ReadonlyMap<string, Setting>;
}
