import { scenarios } from './chaos/scenarios.ts';
import { testShortly } from './chaos/short.ts';

testShortly(scenarios.filter(({ name }) => !name.startsWith('kill-')));
