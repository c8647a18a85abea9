// The oldest Node that runs us. Written in the syntax of old Nodes, so that it can say so there: import nothing here.
export const OLDEST_NODE = '20.19.0';

/**
 * What is wrong with this Node, as one sentence; empty where nothing is.
 * @param {string} version
 * @returns {string}
 */
export function nodeProblem(version) {
  const has = version.split('.').map(Number);
  const wants = OLDEST_NODE.split('.').map(Number);
  if (has[0] > wants[0] || (has[0] === wants[0] && has[1] >= wants[1])) return '';
  return 'Node ' + version + ' is too old: Habsburg needs Node ' + OLDEST_NODE + ' or newer (https://nodejs.org).';
}

/** Ends the process with that sentence and exit code 2 where Node is too old. */
export function requireNode() {
  const problem = nodeProblem(process.versions.node);
  if (!problem) return;
  console.error('habsburg: ' + problem);
  process.exit(2);
}
