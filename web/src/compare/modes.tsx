import { navigate } from '../url/router';

/** What is compared: two runs, or the arms of an experiment. */
export function Modes({ on }: { on: 'runs' | 'arms' }) {
  return <span className="seg" role="group" aria-label="What is compared"><button type="button" aria-pressed={on === 'runs'} onClick={() => navigate('/compare')}>Two runs</button><button type="button" aria-pressed={on === 'arms'} onClick={() => navigate('/compare?by=variant')}>Experiment arms</button></span>;
}
