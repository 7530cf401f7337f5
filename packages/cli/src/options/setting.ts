/** What a configuration file says of one key, before it is known what it means. Nothing is ever empty. */
export type Setting = SettingText | SettingList | SettingMap;

export interface SettingText {
  readonly kind: 'text';
  /** For messages: `.dray.yml:4: images`; empty where the text speaks for itself. */
  readonly place: string;
  /** As it is written there. */
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
