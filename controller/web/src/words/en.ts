// All texts of the console in English; {0} stands for a value.
import { enApi } from './en_api';
import { enDesk } from './en_desk';
import { enFind } from './en_find';
import { enFrame } from './en_frame';
import { enViews } from './en_views';

export const en = { ...enFrame, ...enViews, ...enDesk, ...enApi, ...enFind };

export type Word = keyof typeof en;
