// The language and the look, kept in this browser.
import { en, type Word } from '../words/en';
import { zh } from '../words/zh';
import type { Problem } from './api';

function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing asks anew next time.
  }
}

class Language {
  now = $state<'en' | 'zh'>(
    kept('capmap-language') === 'zh' || (!kept('capmap-language') && navigator.language.startsWith('zh')) ? 'zh' : 'en',
  );
  look = $state<'auto' | 'light' | 'dark'>((kept('capmap-look') as 'light' | 'dark' | null) ?? 'auto');
  get tag(): string {
    return this.now === 'zh' ? 'zh-CN' : 'en';
  }
  speak(now: 'en' | 'zh'): void {
    this.now = now;
    keep('capmap-language', now);
  }
  wear(look: 'auto' | 'light' | 'dark'): void {
    this.look = look;
    keep('capmap-look', look);
  }
}

export const language = new Language();

/// A text in the language of now; {0}, {1} … stand for what comes behind it.
export function t(word: Word, ...values: (string | number)[]): string {
  return (language.now === 'zh' ? zh : en)[word].replace(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)] ?? ''));
}

/// Why a question has no answer.
export function reasonOf(problem: Problem): string {
  if (problem.word === 'unreachable') return t('unreachable');
  if (problem.word === 'late') return t('late', problem.detail);
  if (problem.word === 'cut-short') return t('cut_short');
  if (problem.word === 'changed') return t('export_changed');
  if (problem.status === 403) return `${t('not_allowed')} ${problem.detail}`;
  return problem.detail || problem.word;
}

/// A word of the API (a state, a dimension) in the language of now; one that is not known stands as it is.
export function said(word: string | null | undefined): string {
  if (word === null || word === undefined) return t('not_declared');
  const key = `api_${word.replace(/[-.]/g, '_')}`;
  return key in en ? t(key as Word) : word;
}
