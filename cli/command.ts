/** What a file under commands/ exports: one command, or a few that belong together. */
import type { Command } from 'commander';

export interface CommandModule {
  /** Adds the command, its options and its action to the program. */
  register(program: Command): void;
}
