// The same in Chinese: a text that is missing here does not compile.
import type { Word } from './en';
import { zhApi } from './zh_api';
import { zhDesk } from './zh_desk';
import { zhFind } from './zh_find';
import { zhFrame } from './zh_frame';
import { zhViews } from './zh_views';

export const zh: Record<Word, string> = { ...zhFrame, ...zhViews, ...zhDesk, ...zhApi, ...zhFind };
