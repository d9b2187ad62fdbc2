import { catchesFileBreakages } from '../../conformance/breakages-files.ts';
import { filesSubject } from './subject.ts';

catchesFileBreakages('files', filesSubject);
