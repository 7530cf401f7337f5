export declare function testEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined>;
export declare function enterTestEnvironment(): void;
