import * as vscode from 'vscode';
import { vestibule } from './vestibule.ts';

/** Runs a command while a person would answer its modal questions with yes or no. @returns the questions asked */
export async function decide(answer: boolean, command: string, target: unknown): Promise<string[]> {
  const { answerDialogs } = await vestibule();
  if (answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
  const asked: string[] = [];
  const restore = answerDialogs({
    confirm: ({ message }) => {
      asked.push(message);
      return Promise.resolve(answer);
    },
  });
  try {
    await vscode.commands.executeCommand(command, target);
  } finally {
    restore();
  }
  return asked;
}
